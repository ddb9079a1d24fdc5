/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/inside.h"
#include "base/tree.h"
#include "oci/unpacker.h"

#define AS_FOLDER (O_PATH | O_DIRECTORY)
#define NOT_IN_ROOT "it was not found below the root"

static ssize_t path_of(int fd, char out[PATH_MAX])
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, out, PATH_MAX);
	return n >= PATH_MAX ? -1 : n;
}

/* The path below the root that links lead to. */
static int real_path(const struct unpacker *u, int fd, char out[PATH_MAX], struct err *err)
{
	char root[PATH_MAX], full[PATH_MAX];
	ssize_t root_len = path_of(u->root_fd, root), len = path_of(fd, full);
	unsigned depth = 0;

	if (root_len < 0 || len < 0)
		return err_errno(err, OTA_IO, "/proc/self/fd");
	full[len] = '\0';
	if (root_len == 1)
		root_len = 0; /* "/": all names follow */
	if (len < root_len || memcmp(full, root, (size_t)root_len) != 0 ||
		(len > root_len && full[root_len] != '/'))
		return err_set(err, OTA_IO, NOT_IN_ROOT);
	strcpy(out, full + root_len + (len > root_len));
	for (const char *p = out; (p = strchr(p, '/')); p++)
		if (++depth >= TREE_DEPTH_MAX)
			return err_set(
				err, OTA_CORRUPT, "it lies deeper than %d folders", TREE_DEPTH_MAX);
	return 0;
}

/* Opens a folder and tells its real path. -1 with errno where that cannot be; `err` is set where it
 * cannot be for another reason than the layer's. */
static int open_folder(struct unpacker *u, const char *name, char path[PATH_MAX], struct err *err)
{
	err->code = OTA_OK;
	AUTO_FD fd = inside_open(u->root_fd, name, AS_FOLDER, INSIDE_NO_LINKS);
	if (fd >= 0) {
		strcpy(path, name);
		return fd_take(&fd);
	}
	if (errno == ELOOP)
		fd = inside_open(u->root_fd, name, AS_FOLDER, INSIDE_ONE);
	if (fd >= 0)
		return real_path(u, fd, path, err) < 0 ? -1 : fd_take(&fd);
	if (errno == ELOOP || errno == EXDEV || errno == ENAMETOOLONG)
		return err_errno(err, OTA_CORRUPT, "%.200s", name);
	if (errno != ENOENT && errno != ENOTDIR)
		return inside_error(err, OTA_IO, name);
	return -1;
}

static void forget_folder(struct unpacker *u)
{
	if (u->folder_fd >= 0)
		close(u->folder_fd);
	u->folder_fd = -1;
}

int unpack_place_lower(struct unpacker *u, bool *turned, struct err *err)
{
	*turned = false;
	if (u->asked)
		return 0;
	u->asked = true;
	int fd = u->spec->lower ? u->spec->lower(u->spec->ctx, err) : -2;
	if (fd == -2)
		return 0;
	if (fd < 0)
		return -1;
	forget_folder(u);
	u->root_fd = fd;
	u->merged = u->result->by_chain = *turned = true;
	return 0;
}

/* A folder that no entry has told of. What it is like in truth nobody knows, but it is the same
 * wherever the layer is applied. */
static int make_one(struct unpacker *u, const struct place *place, struct err *err)
{
	const struct timespec epoch = {0};
	char path[PATH_MAX];
	struct stat st;
	bool made;

	if (fstatat(place->fd, place->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		!whiteout_is_node(&st))
		return err_set(err, OTA_CORRUPT, "%.200s is no folder, but has entries below it",
			place->name);
	u->result->lowest = !u->merged;
	if (unpack_charge_entry(u, err) < 0 || unpack_make_folder(u, place, &made, err) < 0)
		return -1;
	if (fchownat(place->fd, place->name, 0, 0, AT_SYMLINK_NOFOLLOW) < 0 ||
		fchmodat(place->fd, place->name, 0755, 0) < 0)
		return err_errno(err, OTA_IO, "%.200s", place->name);
	return unpack_path_join(path, place->folder, place->name, err) < 0
		       ? -1
		       : unpack_times_note(u, path, &epoch, err);
}

/* Opens the folders above `name` from the root on, and makes those that are missing. */
static int make_folders(struct unpacker *u, const char *name, char path[PATH_MAX], struct err *err)
{
	char above[PATH_MAX] = "", so_far[PATH_MAX];
	AUTO_FD fd = open_folder(u, "", above, err);

	for (const char *p = name; fd >= 0 && *p;) {
		struct place place = {.fd = fd, .folder = above};
		size_t n = strcspn(p, "/"), len = (size_t)(p - name) + n;

		memcpy(place.name, p, n);
		memcpy(so_far, name, len);
		place.name[n] = so_far[len] = '\0';
		int next = open_folder(u, so_far, path, err);
		if (next < 0 && err->code == OTA_OK) {
			if (make_one(u, &place, err) < 0)
				return -1;
			next = open_folder(u, so_far, path, err);
		}
		close(fd);
		fd = next;
		strcpy(above, path);
		p += n + (p[n] == '/');
	}
	if (fd < 0 && err->code == OTA_OK)
		return err_errno(err, OTA_IO, "%.200s", name);
	return fd < 0 ? -1 : fd_take(&fd);
}

static int keep_time_of(struct unpacker *u, const char *path, struct err *err)
{
	AUTO_FD fd = inside_open(u->root_fd, path, AS_FOLDER, INSIDE_NO_LINKS);
	struct stat st;

	if (unpack_place_is_own(u, path))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%.200s", path);
	return unpack_times_note(u, path, &st.st_mtim, err);
}

/* A folder of a layer below is copied into this one when something is made in it, with those above
 * it, and is then as new as that. */
static int keep_times(struct unpacker *u, const char *path, struct err *err)
{
	char above[PATH_MAX];

	for (const char *p = path; u->merged && (p = strchr(p, '/')); p++) {
		memcpy(above, path, (size_t)(p - path));
		above[p - path] = '\0';
		if (keep_time_of(u, above, err) < 0)
			return -1;
	}
	return u->merged ? keep_time_of(u, path, err) : 0;
}

static int find_folder(struct unpacker *u, const char *name, struct err *err)
{
	bool turned = false;

	if (u->folder_fd >= 0 && strcmp(name, u->folder_name) == 0)
		return 0;
	forget_folder(u);
	AUTO_FD fd = open_folder(u, name, u->folder_path, err);
	if (fd < 0 && err->code == OTA_OK) {
		if (unpack_place_lower(u, &turned, err) < 0)
			return -1;
		if (turned)
			fd = open_folder(u, name, u->folder_path, err);
		if (fd < 0 && err->code == OTA_OK)
			fd = make_folders(u, name, u->folder_path, err);
	}
	if (fd < 0 || keep_times(u, u->folder_path, err) < 0)
		return -1;
	strcpy(u->folder_name, name);
	u->folder_fd = fd_take(&fd);
	return 0;
}

int unpack_place_find(struct unpacker *u, const char *path, struct place *place, struct err *err)
{
	char folder[PATH_MAX];

	if (unpack_path_split(path, folder, place->name, err) < 0 ||
		find_folder(u, folder, err) < 0)
		return -1;
	place->fd = u->folder_fd;
	place->folder = u->folder_path;
	return 0;
}

int unpack_place_open(struct unpacker *u, const char *folder)
{
	return inside_open(u->root_fd, folder, AS_FOLDER, INSIDE_ONE);
}

bool unpack_place_is_own(const struct unpacker *u, const char *path)
{
	AUTO_FD fd = inside_open(u->spec->root_fd, path, O_PATH | O_NOFOLLOW, INSIDE_NO_LINKS);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && !whiteout_is_node(&st);
}
