/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "oci/unpacker.h"

int unpack_make_folder(struct unpacker *u, const struct place *place, bool *made, struct err *err)
{
	bool hides = false;

	*made = mkdirat(place->fd, place->name, 0700) == 0;
	if (!*made && errno == EEXIST) {
		if (unpack_clear(u, place, true, &hides, err) < 0)
			return -1;
		*made = mkdirat(place->fd, place->name, 0700) == 0;
	}
	if (!*made && errno != EEXIST)
		return err_errno(err, OTA_IO, "make a folder");
	if (!hides || u->merged)
		return 0;
	AUTO_FD fd = openat(place->fd, place->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_errno(err, OTA_IO, "open a folder") : unpack_meta_opaque(fd, err);
}

static int make_folder(struct unpacker *u, const struct archive_item *item, const char *path,
	const struct place *place, struct err *err)
{
	bool made = false;

	if (*path && unpack_make_folder(u, place, &made, err) < 0)
		return -1;
	AUTO_FD fd =
		openat(place->fd, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, OTA_IO, "open a folder");
	if (!made && unpack_meta_reset(fd, err) < 0)
		return -1;
	if (unpack_meta(u, item, fd, place, err) < 0)
		return -1;
	char real[PATH_MAX];
	if (unpack_path_join(real, place->folder, *path ? place->name : "", err) < 0)
		return -1;
	return unpack_times_note(u, real, &item->mtime, err);
}

/* Gives -1 with errno. */
static int make_node(const struct archive_item *item, const struct place *place)
{
	switch (item->kind) {
	case ARCHIVE_SYMLINK:
		return symlinkat(item->target, place->fd, place->name);
	case ARCHIVE_CHARACTER_DEVICE:
		return mknodat(
			place->fd, place->name, S_IFCHR | 0600, makedev(item->major, item->minor));
	case ARCHIVE_BLOCK_DEVICE:
		return mknodat(
			place->fd, place->name, S_IFBLK | 0600, makedev(item->major, item->minor));
	default:
		return mknodat(place->fd, place->name, S_IFIFO | 0600, 0);
	}
}

static int make_other(struct unpacker *u, const struct archive_item *item,
	const struct place *place, struct err *err)
{
	bool hides;
	int rc = make_node(item, place);

	if (rc < 0 && errno == EEXIST) {
		if (unpack_clear(u, place, false, &hides, err) < 0)
			return -1;
		rc = make_node(item, place);
	}
	if (rc < 0)
		return err_errno(err, errno == ENAMETOOLONG ? OTA_CORRUPT : OTA_IO, "make it");
	return unpack_meta(u, item, -1, place, err);
}

struct target {
	int fd; /* of the folder */
	char name[NAME_MAX + 1];
	struct stat st;
};

static int find_target(struct unpacker *u, const char *folder, struct target *t, struct err *err)
{
	err->code = OTA_OK;
	t->fd = unpack_place_open(u, folder);
	if (t->fd >= 0 && fstatat(t->fd, t->name, &t->st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!whiteout_is_node(&t->st))
			return 0;
		errno = ENOENT;
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return err_errno(
			err, errno == ELOOP ? OTA_CORRUPT : OTA_IO, "link to %.200s", folder);
	if (t->fd >= 0)
		close(t->fd);
	return t->fd = -1;
}

/* Finds it in this layer, or below; then the place is found anew. */
static int seek_target(struct unpacker *u, const char *target, const char *path,
	struct place *place, struct target *t, struct err *err)
{
	char clean[PATH_MAX], folder[PATH_MAX];
	bool turned = false;

	if (unpack_path_clean(target, clean, err) < 0 ||
		unpack_path_split(clean, folder, t->name, err) < 0)
		return -1;
	int rc = *clean ? find_target(u, folder, t, err) : 0;
	if (rc < 0 && err->code == OTA_OK) {
		if (unpack_place_lower(u, &turned, err) < 0 ||
			(turned && unpack_place_find(u, path, place, err) < 0))
			return -1;
		rc = turned ? find_target(u, folder, t, err) : -1;
	}
	if (rc < 0 && err->code != OTA_OK)
		return -1;
	if (t->fd < 0 || !(S_ISREG(t->st.st_mode) || S_ISLNK(t->st.st_mode)))
		return err_set(err, OTA_CORRUPT, "a hard link to what is no file: %.200s", target);
	return 0;
}

/* The owner, mode and time are those of the file that it is. */
static int make_hard_link(struct unpacker *u, const struct archive_item *item, const char *path,
	struct place *place, struct err *err)
{
	struct target t = {.fd = -1};
	struct stat st;
	bool hides;

	int rc = seek_target(u, item->target, path, place, &t, err);
	AUTO_FD fd = t.fd;
	if (rc < 0)
		return -1;
	if (fstatat(place->fd, place->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (st.st_ino == t.st.st_ino && st.st_dev == t.st.st_dev)
			return 0;
		if (unpack_clear(u, place, false, &hides, err) < 0)
			return -1;
	}
	if (linkat(fd, t.name, place->fd, place->name, 0) < 0)
		return err_errno(err, errno == ENOENT ? OTA_CORRUPT : OTA_IO, "link to %.200s",
			item->target);
	return 0;
}

int unpack_make(struct unpacker *u, const struct archive_item *item, const char *path,
	struct place *place, struct err *err)
{
	switch (item->kind) {
	case ARCHIVE_FILE:
		return unpack_file(u, item, place, err);
	case ARCHIVE_FOLDER:
		return make_folder(u, item, path, place, err);
	case ARCHIVE_HARD_LINK:
		return make_hard_link(u, item, path, place, err);
	default:
		return make_other(u, item, place, err);
	}
}
