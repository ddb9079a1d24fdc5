/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "oci/unpacker.h"

#define CAPABILITY "security.capability"
#define LIST_MAX 65536 /* the kernel's XATTR_LIST_MAX */

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static bool is_acl(const char *name)
{
	return begins(name, "system.posix_acl_");
}

/*
 * What overlay keeps in attributes is not a layer's to say. Labels of SELinux, IMA and the like
 * speak of the machine where the image was made and would be taken for this one's; so they are left
 * out, as is all that no layer is known to have.
 */
static bool is_kept(const char *name)
{
	if (begins(name, "trusted.overlay.") || begins(name, "user.overlay."))
		return false;
	return begins(name, "user.") || begins(name, "trusted.") || is_acl(name) ||
	       strcmp(name, CAPABILITY) == 0;
}

/* The node by a path that leads to nothing else. */
static void node_path(char out[PATH_MAX], int fd, const struct place *place)
{
	if (fd >= 0)
		snprintf(out, PATH_MAX, "/proc/self/fd/%d", fd);
	else
		snprintf(out, PATH_MAX, "/proc/self/fd/%d/%s", place->fd, place->name);
}

static int set_one(int fd, const struct place *place, const char *name, const void *value,
	size_t len, struct err *err)
{
	char path[PATH_MAX];

	if (fd < 0)
		node_path(path, fd, place);
	if ((fd >= 0 ? fsetxattr(fd, name, value, len, 0) : lsetxattr(path, name, value, len, 0)) ==
		0)
		return 0;
	/* Notes of programs are no part of what an image needs, and links cannot have them. Rights
	 * are: without an ACL its mode would give more. */
	if ((errno == ENOTSUP || errno == EPERM) && !is_acl(name) && strcmp(name, CAPABILITY) != 0)
		return 0;
	if (errno == ENOTSUP)
		return err_errno(err, OTA_INCOMPATIBLE, "attribute %.100s", name);
	if (errno == EINVAL || errno == ERANGE || errno == E2BIG)
		return err_errno(err, OTA_CORRUPT, "attribute %.100s", name);
	return err_errno(err, OTA_IO, "attribute %.100s", name);
}

static int set_xattrs(struct unpacker *u, int fd, const struct place *place, struct err *err)
{
	const void *value;
	const char *name;
	size_t len;

	while (archive_xattr(u->reader, &name, &value, &len)) {
		/* a pax record without a value takes the attribute away */
		if (!name || !is_kept(name) || len == 0)
			continue;
		if (strcmp(name, CAPABILITY) == 0 && !u->spec->policy.setuid)
			return err_set(err, OTA_INCOMPATIBLE,
				"it has file capabilities, which are not allowed here");
		if (unpack_charge_bytes(u, len, err) < 0 ||
			set_one(fd, place, name, value, len, err) < 0)
			return -1;
	}
	return 0;
}

static int set_time(int fd, const struct place *place, const struct timespec *mtime)
{
	const struct timespec times[2] = {*mtime, *mtime};

	return fd >= 0 ? futimens(fd, times)
		       : utimensat(place->fd, place->name, times, AT_SYMLINK_NOFOLLOW);
}

int unpack_meta(struct unpacker *u, const struct archive_item *item, int fd,
	const struct place *place, struct err *err)
{
	const int nofollow = AT_SYMLINK_NOFOLLOW;

	if ((fd >= 0 ? fchown(fd, item->uid, item->gid)
		     : fchownat(place->fd, place->name, item->uid, item->gid, nofollow)) < 0)
		return err_errno(err, OTA_IO, "owner");
	/* it was made just now, or has a descriptor: it is no link */
	if (item->kind != ARCHIVE_SYMLINK &&
		(fd >= 0 ? fchmod(fd, item->mode)
			 : fchmodat(place->fd, place->name, item->mode, 0)) < 0)
		return err_errno(err, OTA_IO, "mode");
	if (set_xattrs(u, fd, place, err) < 0) /* a new owner takes capabilities away */
		return -1;
	if (item->kind != ARCHIVE_FOLDER && set_time(fd, place, &item->mtime) < 0)
		return err_errno(err, OTA_IO, "time");
	return 0;
}

int unpack_meta_reset(int fd, struct err *err)
{
	AUTO_FREE char *names = NULL;
	ssize_t len = flistxattr(fd, NULL, 0);

	if (len > 0 && len <= LIST_MAX)
		names = malloc((size_t)len);
	if (names)
		len = flistxattr(fd, names, (size_t)len);
	if (len < 0 && errno != ENOTSUP)
		return err_errno(err, OTA_IO, "attributes");
	for (const char *p = names; p && p < names + len; p += strlen(p) + 1)
		if (is_kept(p) && fremovexattr(fd, p) < 0)
			return err_errno(err, OTA_IO, "attribute %.100s", p);
	return 0;
}

int unpack_meta_opaque(int folder_fd, struct err *err)
{
	char path[PATH_MAX];

	node_path(path, folder_fd, NULL);
	if (setxattr(path, "trusted.overlay.opaque", "y", 1, 0) < 0)
		return err_errno(err, OTA_IO, "trusted.overlay.opaque");
	return 0;
}
