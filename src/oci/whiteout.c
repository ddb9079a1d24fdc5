/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/inside.h"
#include "base/tree.h"
#include "oci/unpacker.h"

#define PREFIX ".wh."
#define META PREFIX ".wh." /* what aufs keeps for itself, but for the one below */
#define OPAQUE META ".opq"

bool whiteout_is_name(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

bool whiteout_is_node(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int open_to_list(int dir_fd, const char *name)
{
	return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int remove_lower(int dir_fd, int own_fd, const char *name, struct err *err);

/* Calls itself through remove_lower(), as deep as folders are. */
static int remove_children(int dir_fd, int own_fd, struct err *err)
{
	int fd = open_to_list(dir_fd, ".");
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int rc = 0;

	if (!d) {
		rc = err_errno(err, OTA_IO, "list a folder");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	for (struct dirent *e; rc == 0 && (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = remove_lower(fd, own_fd, e->d_name, err);
	closedir(d);
	return rc;
}

/* Removes a name in the view of all layers; what this layer itself has of it stays. own_fd is the
 * same folder in this layer alone, or -1. */
static int remove_lower(int dir_fd, int own_fd, const char *name, struct err *err)
{
	struct stat st;

	if (own_fd < 0 || fstatat(own_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		whiteout_is_node(&st))
		return tree_remove_at(dir_fd, name, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	AUTO_FD merged = open_to_list(dir_fd, name);
	AUTO_FD own = open_to_list(own_fd, name);
	if (merged < 0 || own < 0)
		return err_errno(err, OTA_IO, "%.200s", name);
	return remove_children(merged, own, err);
}

/* The folder of a place, in this layer alone: -1 where it has none. */
static int open_own(struct unpacker *u, const char *folder)
{
	return inside_open(u->spec->root_fd, folder, O_RDONLY | O_DIRECTORY, INSIDE_NO_LINKS);
}

static int make_opaque(struct unpacker *u, const struct place *place, struct err *err)
{
	bool turned;

	/* overlay asks no layer's root whether it is opaque */
	if (!*place->folder && unpack_place_lower(u, &turned, err) < 0)
		return -1;
	if (!u->merged && *place->folder)
		return unpack_meta_opaque(place->fd, err);
	if (!u->merged) {
		u->result->lowest = true;
		return 0;
	}
	AUTO_FD own = open_own(u, place->folder);
	return remove_children(*place->folder ? place->fd : u->root_fd, own, err);
}

static int hide(struct unpacker *u, const struct place *place, const char *name, struct err *err)
{
	struct stat st;
	bool there = fstatat(place->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (!there && errno != ENOENT)
		return err_errno(err, OTA_IO, "%.200s", name);
	if (u->merged) {
		AUTO_FD own = open_own(u, place->folder);
		return there ? remove_lower(place->fd, own, name, err) : 0;
	}
	if (!there && mknodat(place->fd, name, S_IFCHR, makedev(0, 0)) < 0)
		return err_errno(err, OTA_IO, "%.200s", name);
	if (!there || !S_ISDIR(st.st_mode))
		return 0;
	AUTO_FD fd = openat(place->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_errno(err, OTA_IO, "%.200s", name) : unpack_meta_opaque(fd, err);
}

int whiteout_make(struct unpacker *u, const struct place *place, struct err *err)
{
	const char *name = place->name + strlen(PREFIX);

	if (strcmp(place->name, OPAQUE) == 0)
		return make_opaque(u, place, err);
	if (strncmp(place->name, META, strlen(META)) == 0)
		return 0;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(err, OTA_CORRUPT, "a whiteout of no name");
	return hide(u, place, name, err);
}
