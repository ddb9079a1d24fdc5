/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/inside.h"
#include "base/text.h"
#include "oci/compose_reader.h"

#define FILE_MAX (1 << 20)
#define ID_MAX (UINT32_MAX - 1) /* the last one means "as it is" to the kernel */
#define FIELDS 7

/* name:password:uid:gid:comment:home:shell */
enum { PASSWD_NAME, PASSWD_UID = 2, PASSWD_GID, PASSWD_HOME = 5 };
/* name:password:gid:members */
enum { GROUP_NAME, GROUP_GID = 2, GROUP_MEMBERS };

/* The fields of the next line that has so many or more; false at the end. */
static bool next_line(char **text, size_t wanted, char *fields[FIELDS])
{
	char *line;

	while ((line = strsep(text, "\n"))) {
		size_t n = 0;

		while (n < FIELDS && (fields[n] = strsep(&line, ":")))
			n++;
		if (n >= wanted)
			return true;
	}
	return false;
}

static bool is_id(const char *text, uint32_t *id)
{
	uint64_t n;

	if (!compose_digits(text, ID_MAX, &n))
		return false;
	*id = (uint32_t)n;
	return true;
}

/* Gives the name by which the groups know the user, or NULL where passwd does not. */
static const char *match_passwd(char *text, const char *wanted, bool by_id, struct oci_user *u)
{
	char *f[FIELDS];
	uint32_t uid, gid;

	while (next_line(&text, PASSWD_HOME + 1, f)) {
		if (!is_id(f[PASSWD_UID], &uid) || !is_id(f[PASSWD_GID], &gid) ||
			(by_id ? uid != u->uid : strcmp(f[PASSWD_NAME], wanted)))
			continue;
		u->uid = uid;
		u->gid = gid;
		if (f[PASSWD_HOME][0] == '/' && strlen(f[PASSWD_HOME]) < sizeof(u->home)) {
			strcpy(u->home, f[PASSWD_HOME]);
			text_clean_line(u->home);
		}
		return f[PASSWD_NAME];
	}
	return NULL;
}

static int match_group(char *text, const char *wanted, struct oci_user *u, struct err *err)
{
	char *f[FIELDS];

	if (is_id(wanted, &u->gid))
		return 0;
	while (next_line(&text, GROUP_GID + 1, f))
		if (!strcmp(f[GROUP_NAME], wanted) && is_id(f[GROUP_GID], &u->gid))
			return 0;
	return err_set(err, OTA_CONFIG, "the image has no group '%.100s'", wanted);
}

static bool is_member(char *members, const char *name)
{
	char *member;

	while ((member = strsep(&members, ",")))
		if (!strcmp(member, name))
			return true;
	return false;
}

static int add_group(struct oci_user *u, uint32_t gid, struct err *err)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return 0;
	if (u->n_groups == OCI_GROUPS_MAX)
		return err_set(err, OTA_CORRUPT, "etc/group: a user in more than %d groups",
			OCI_GROUPS_MAX);
	u->groups[u->n_groups++] = gid;
	return 0;
}

static int match_groups(char *text, const char *name, struct oci_user *u, struct err *err)
{
	char *f[FIELDS];
	uint32_t gid;

	while (next_line(&text, GROUP_MEMBERS + 1, f))
		if (is_id(f[GROUP_GID], &gid) && gid != u->gid &&
			is_member(f[GROUP_MEMBERS], name) && add_group(u, gid, err) < 0)
			return -1;
	return 0;
}

int oci_user_match(char *passwd, char *group, const char *user, struct oci_user *u, struct err *err)
{
	AUTO_FREE char *wanted = strdup(*user ? user : "0");
	char *wanted_group = wanted;

	memset(u, 0, sizeof(*u));
	strcpy(u->home, "/");
	if (!wanted)
		return err_set(err, OTA_FAILED, "out of memory");
	strsep(&wanted_group, ":");
	bool by_id = is_id(*wanted ? wanted : "0", &u->uid);
	const char *name = match_passwd(passwd, wanted, by_id, u);
	if (!name && !by_id)
		return err_set(err, OTA_CONFIG, "the image has no user '%.100s'", wanted);
	if (wanted_group)
		return match_group(group, wanted_group, u, err);
	return name ? match_groups(group, name, u, err) : 0;
}

/* A file that is not there is empty. */
static int read_inside(int root_fd, const char *path, struct buf *text, struct err *err)
{
	/* O_NONBLOCK: a FIFO where a file is expected must not hang the caller */
	AUTO_FD fd = inside_open(root_fd, path, O_RDONLY | O_NONBLOCK, INSIDE_ONE);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return buf_add(text, "", 0, err);
	if (fd < 0)
		return inside_error(err, OTA_IO, path);
	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, OTA_CORRUPT, "%s is not a regular file", path);
	return buf_add(text, "", 0, err) < 0 ? -1 : file_read_fd(fd, path, text, err);
}

int oci_user_find(int root_fd, const char *user, struct oci_user *u, struct err *err)
{
	AUTO_BUF passwd = BUF(FILE_MAX), group = BUF(FILE_MAX);

	if (read_inside(root_fd, "etc/passwd", &passwd, err) < 0 ||
		read_inside(root_fd, "etc/group", &group, err) < 0)
		return -1;
	return oci_user_match(passwd.data, group.data, user, u, err);
}
