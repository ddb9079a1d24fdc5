/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/inside.h"

#define MAX_DEPTH 8                      /* of what is listed */
#define WALK_DEPTH (TREE_DEPTH_MAX + 16) /* of what is counted, or removed where it lies */

struct listing {
	int root_fd;
	const char *folder;
	struct tree *t;
};

static int open_inside(
	int root_fd, const char *folder, const char *path, int flags, struct err *err)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s/%s", folder, path);
	int fd = inside_open(root_fd, name, flags | O_RDONLY | O_NONBLOCK, INSIDE_MOUNTS);
	return fd >= 0 ? fd : inside_error(err, OTA_IO, name);
}

int tree_open(int root_fd, const char *folder, const char *path, struct err *err)
{
	AUTO_FD fd = open_inside(root_fd, folder, path, 0, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s/%s", folder, path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, OTA_INCOMPATIBLE, "%s/%s is no plain file, nor a link to one",
			folder, path);
	return fd_take(&fd);
}

static int add_file(struct listing *l, const char *path, struct err *err)
{
	AUTO_FD fd = tree_open(l->root_fd, l->folder, path, err);
	struct tree *t = l->t;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s/%s", l->folder, path);
	if (t->n == TREE_FILES_MAX)
		return err_set(err, OTA_INCOMPATIBLE, "more than %d files below %s", TREE_FILES_MAX,
			l->folder);
	strcpy(t->files[t->n].path, path);
	t->files[t->n++].size_bytes = (uint64_t)st.st_size;
	return 0;
}

static int list_dir(struct listing *l, const char *path, unsigned depth, struct err *err);

static int list_entry(struct listing *l, int dir_fd, const char *dir, const char *name,
	unsigned depth, struct err *err)
{
	char path[TREE_PATH_LEN];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);

	if (len >= (int)sizeof(path))
		return err_set(err, OTA_INCOMPATIBLE, "%s/%s/%s: the path is too long", l->folder,
			dir, name);
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, OTA_IO, "%s/%s", l->folder, path);
	return S_ISDIR(st.st_mode) ? list_dir(l, path, depth + 1, err) : add_file(l, path, err);
}

static int list_dir(struct listing *l, const char *path, unsigned depth, struct err *err)
{
	if (depth > MAX_DEPTH)
		return err_set(err, OTA_INCOMPATIBLE, "%s/%s lies too deep", l->folder, path);
	int fd = open_inside(l->root_fd, l->folder, path, O_DIRECTORY, err);
	if (fd < 0)
		return -1;
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_errno(err, OTA_IO, "%s/%s", l->folder, path);
	}
	int rc = 0;
	for (struct dirent *e; rc == 0 && (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = list_entry(l, fd, path, e->d_name, depth, err);
	closedir(d);
	return rc;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

int tree_list(int root_fd, const char *folder, struct tree *t, struct err *err)
{
	struct listing l = {root_fd, folder, t};

	t->files = calloc(TREE_FILES_MAX, sizeof(*t->files));
	if (!t->files)
		return err_set(err, OTA_FAILED, "out of memory");
	AUTO_FD fd = open_inside(root_fd, folder, "", O_DIRECTORY, err);
	if (fd < 0) {
		err->code = errno == ENOENT ? OTA_CONFIG : err->code;
		return -1;
	}
	if (list_dir(&l, "", 0, err) < 0)
		return -1;
	qsort(t->files, t->n, sizeof(*t->files), by_path);
	return 0;
}

enum walk_what { WALK_COUNT, WALK_REMOVE, WALK_REMOVE_DURABLY };

struct walk {
	enum walk_what what;
	uint64_t bytes; /* of all that was seen */
	int top_fd;     /* the folder that it began in */
	unsigned moved; /* the last number given to a folder that was moved there */
};

/* Calls itself for folders. Counts bytes, or removes: everything below dir_fd, which it closes. */
static int walk(struct walk *w, int dir_fd, unsigned depth, struct err *err);

/*
 * A program may make folders of any depth. A removal goes no deeper than its limits: what lies
 * below is moved to the top, where the walk comes by once more. What lies at the top is never moved
 * again, so that this has an end; and under a number that is free there, so that nothing is lost.
 */
static int move_to_top(struct walk *w, int dir_fd, const char *name, struct err *err)
{
	struct stat st;
	char to[32];

	do {
		snprintf(to, sizeof(to), "deep-%u", ++w->moved);
	} while (fstatat(w->top_fd, to, &st, AT_SYMLINK_NOFOLLOW) == 0);
	if (renameat(dir_fd, name, w->top_fd, to) < 0)
		return err_errno(
			err, OTA_IO, "%s lies too deep, and cannot be moved to remove it", name);
	return 0;
}

/* Does it for a folder; *there turns false where that has been moved. */
static int walk_folder(
	struct walk *w, int dir_fd, const char *name, unsigned depth, bool *there, struct err *err)
{
	bool deep = depth > WALK_DEPTH;

	if (deep && w->what == WALK_COUNT)
		return err_set(err, OTA_IO, "folders lie deeper than %d", WALK_DEPTH);
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	int fd = deep ? -1 : openat(dir_fd, name, flags);
	if (fd >= 0)
		return walk(w, fd, depth, err);
	/* each folder on the way down holds a descriptor, and the process may have few left */
	if (!deep && (errno != EMFILE || w->what == WALK_COUNT || depth < 2))
		return err_errno(err, OTA_IO, "%s", name);
	*there = false;
	return move_to_top(w, dir_fd, name, err);
}

/* The folder that a walk is about has depth 0. */
static int walk_entry(struct walk *w, int dir_fd, const char *name, unsigned depth, struct err *err)
{
	bool there = true;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, OTA_IO, "%s", name);
	w->bytes += (uint64_t)st.st_blocks * 512;
	if (S_ISDIR(st.st_mode) && walk_folder(w, dir_fd, name, depth, &there, err) < 0)
		return -1;
	if (there && w->what != WALK_COUNT &&
		unlinkat(dir_fd, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
		return err_errno(err, OTA_IO, "remove %s", name);
	return 0;
}

static int walk_entries(struct walk *w, DIR *d, unsigned depth, struct err *err)
{
	int rc = 0;

	for (struct dirent *e; rc == 0 && (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = walk_entry(w, dirfd(d), e->d_name, depth + 1, err);
	return rc;
}

static int walk(struct walk *w, int dir_fd, unsigned depth, struct err *err)
{
	DIR *d = fdopendir(dir_fd);
	unsigned moved;
	int rc;

	if (!d) {
		rc = err_errno(err, OTA_IO, "list a folder");
		close(dir_fd);
		return rc;
	}
	if (depth == 0)
		w->top_fd = dir_fd;
	do {
		moved = w->moved;
		rewinddir(d);
		rc = walk_entries(w, d, depth, err);
	} while (rc == 0 && depth == 0 && w->moved != moved);
	if (rc == 0 && w->what == WALK_REMOVE_DURABLY && fsync(dir_fd) < 0)
		rc = err_errno(err, OTA_IO, "sync");
	closedir(d);
	return rc;
}

static int walk_all(struct walk *w, const char *dir, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "%s", dir);
	return walk(w, fd, 0, err) < 0 ? err_wrap(err, "%s", dir) : 0;
}

int tree_usage(const char *dir, uint64_t *bytes, struct err *err)
{
	struct walk w = {.what = WALK_COUNT};
	int rc = walk_all(&w, dir, err);

	*bytes = w.bytes;
	return rc;
}

int tree_remove(const char *dir, struct err *err)
{
	struct walk w = {.what = WALK_REMOVE_DURABLY};

	return walk_all(&w, dir, err);
}

int tree_remove_at(int dir_fd, const char *name, struct err *err)
{
	struct walk w = {.what = WALK_REMOVE};

	return walk_entry(&w, dir_fd, name, 0, err);
}

int tree_discard(const char *path, struct err *err)
{
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	return tree_remove_at(AT_FDCWD, path, err);
}
