/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the applier (unpack*.c, whiteout.c) share; nobody else includes it.
 *
 * A place is a name in an open folder. The folder was found without leaving the root, and the name
 * is never followed. Paths here are clean: of names with one "/" between them, "" is the root.
 */
#ifndef OTA_OCI_UNPACKER_H
#define OTA_OCI_UNPACKER_H

#include <limits.h>
#include <sys/stat.h>

#include "oci/unpack.h"

struct place {
	int fd;             /* of the folder; lent, until the next place is looked for */
	const char *folder; /* its path without links; lives as long */
	char name[NAME_MAX + 1];
};

struct unpacker {
	const struct unpack_spec *spec;
	struct unpack_result *result;
	struct archive_reader *reader;
	int root_fd; /* what is worked on: that of spec, or what `lower` gave */
	bool merged; /* `lower` gave it */
	bool asked;  /* `lower` was called, or there is none */
	int times_fd;
	uint64_t times_len;
	/* The folder of the place before: entries come sorted. It stays right, for an entry changes
	 * nothing but what lies below its folder. */
	int folder_fd;
	char folder_name[PATH_MAX], folder_path[PATH_MAX];
};

/* unpack_path.c: the names of a path that an archive has, made clean. Errors: corrupt. */
int unpack_path_clean(const char *in, char out[PATH_MAX], struct err *err) MUST_USE;
int unpack_path_split(
	const char *path, char folder[PATH_MAX], char name[NAME_MAX + 1], struct err *err) MUST_USE;
int unpack_path_join(
	char out[PATH_MAX], const char *folder, const char *name, struct err *err) MUST_USE;

/* unpack_place.c */
/* Looks for the place of a path that is not the root; folders above that are missing are sought
 * below the layer, then made. */
int unpack_place_find(
	struct unpacker *u, const char *path, struct place *place, struct err *err) MUST_USE;
/* Turns to the view of all layers, if there is one and it is not in use yet. `turned` tells. */
int unpack_place_lower(struct unpacker *u, bool *turned, struct err *err) MUST_USE;
/* Opens the folder that holds a hard link's target. -1 with errno ENOENT where there is none. */
int unpack_place_open(struct unpacker *u, const char *folder);
/* Is it of this layer, not of one below? */
bool unpack_place_is_own(const struct unpacker *u, const char *path);

/* unpack_make.c: all but regular files. `path` is where the place is, for a link whose target is
 * sought below: then the place is another. */
int unpack_make(struct unpacker *u, const struct archive_item *item, const char *path,
	struct place *place, struct err *err) MUST_USE;
int unpack_make_folder(
	struct unpacker *u, const struct place *place, bool *made, struct err *err) MUST_USE;

/* unpack_file.c: a regular file with its content */
int unpack_file(struct unpacker *u, const struct archive_item *item, const struct place *place,
	struct err *err) MUST_USE;

/* unpack_clear.c: makes way for what is to be at a place. A folder stays for a folder; `hides`
 * tells that what was there hid what the layers below have. */
int unpack_clear(struct unpacker *u, const struct place *place, bool for_folder, bool *hides,
	struct err *err) MUST_USE;

/* unpack_meta.c: owner, mode, extended attributes and, but for folders, the time. fd is the node's
 * own, or -1 where the name has to do. */
int unpack_meta(struct unpacker *u, const struct archive_item *item, int fd,
	const struct place *place, struct err *err) MUST_USE;
/* A folder that was there loses the attributes that it had. */
int unpack_meta_reset(int fd, struct err *err) MUST_USE;
/* Has overlay hide what the layers below have in a folder. */
int unpack_meta_opaque(int folder_fd, struct err *err) MUST_USE;

/* unpack_times.c: the times of folders are set when all in them is made. The last that is told of
 * a folder holds. */
int unpack_times_open(struct unpacker *u, struct err *err) MUST_USE;
int unpack_times_note(struct unpacker *u, const char *folder, const struct timespec *mtime,
	struct err *err) MUST_USE;
int unpack_times_set(struct unpacker *u, struct err *err) MUST_USE;

/* whiteout.c: names that stand for the absence of others. */
bool whiteout_is_name(const char *name);
bool whiteout_is_node(const struct stat *st);
int whiteout_make(struct unpacker *u, const struct place *place, struct err *err) MUST_USE;

/* unpack.c: counts what is about to be made, against the policy. Errors: space. */
int unpack_charge_bytes(struct unpacker *u, uint64_t bytes, struct err *err) MUST_USE;
int unpack_charge_entry(struct unpacker *u, struct err *err) MUST_USE;

#endif
