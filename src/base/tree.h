/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that lies below a folder. Of a tree that is not ours, such as a mounted image, links lead
 * inside the tree, whatever they say: see inside.h.
 */
#ifndef OTA_BASE_TREE_H
#define OTA_BASE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define TREE_PATH_LEN 256 /* below the folder, with NUL */
#define TREE_FILES_MAX 1024
#define TREE_DEPTH_MAX 128 /* of the folders in a tree that we make */

struct tree_file {
	char path[TREE_PATH_LEN];
	uint64_t size_bytes;
};

struct tree {
	struct tree_file *files; /* in the order of their paths' bytes */
	size_t n;
};

/* Lists the regular files below `folder` (a path in the tree of root_fd), also those that a link
 * leads to. Zero-initialise t, and free it also after a failure. Errors: config (there is no such
 * folder), incompatible (a device, a link to a folder or to nowhere, too many files, too deep,
 * a kernel that is too old), io. */
int tree_list(int root_fd, const char *folder, struct tree *t, struct err *err) MUST_USE;

/* Opens one of them for reading. Errors: io, incompatible. */
int tree_open(int root_fd, const char *folder, const char *path, struct err *err) MUST_USE;

/* What all below a folder takes up on the disk; 0 where there is none. Errors: io (also: deeper
 * than anything that we make). */
int tree_usage(const char *dir, uint64_t *bytes, struct err *err) MUST_USE;

/* Removes all below a folder, durably, and follows no link. Folders may lie at any depth: those
 * below a limit are moved up first, and so are those that no descriptor is left for, which takes an
 * entry more in the folder itself. Errors: io, space (for that entry); then some may be left, under
 * other names. */
int tree_remove(const char *dir, struct err *err) MUST_USE;

/* Removes one name in a folder, with all below it; follows no link and syncs nothing. Depth and
 * errors: as tree_remove(). */
int tree_remove_at(int dir_fd, const char *name, struct err *err) MUST_USE;

/* The same by a path; one that is not there is fine. What a power cut brings back is for the next
 * run. */
int tree_discard(const char *path, struct err *err) MUST_USE;

static inline void cleanup_tree(struct tree *t)
{
	free(t->files);
}

#define AUTO_TREE CLEANUP(cleanup_tree) struct tree

#endif
