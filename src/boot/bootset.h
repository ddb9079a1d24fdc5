/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot files of a slot, on the boot partition: the folder TARGET/a or TARGET/b, and in it the
 * list that was written last and makes the files a set. Most boot partitions are FAT, which knows
 * neither links nor case and may tear anything in a power cut: a set without a sound list is none,
 * and is made anew. The files are believed by their digests alone.
 *
 *   bootset_check_names -> bootset_check_room -> bootset_begin -> bootset_add* -> bootset_end
 *   bootset_open -> bootset_mend*
 *   bootset_check
 */
#ifndef OTA_BOOT_BOOTSET_H
#define OTA_BOOT_BOOTSET_H

#include <limits.h>
#include <stdint.h>

#include "base/tree.h"
#include "boot/bootlist.h"

#define BOOTSET_LIST ".ota-files" /* in the folder of the set */

struct bootset {
	char dir[PATH_MAX];
	struct buf list;
};

#define BOOTSET                                                                                    \
	{                                                                                          \
		.list = BUF(BOOTLIST_MAX)                                                          \
	}

/* TARGET/a or TARGET/b. Errors: usage (too long). */
int bootset_dir(const char *target, char slot, char dir[PATH_MAX], struct err *err) MUST_USE;

/* Can FAT keep all these names, side by side? Errors: incompatible. */
int bootset_check_names(const struct tree *files, struct err *err) MUST_USE;

/* Is there room for them once the slot's old set is gone? Nothing is changed. Errors: space, io,
 * config (there is no folder TARGET). */
int bootset_check_room(
	const char *target, char slot, const struct tree *files, struct err *err) MUST_USE;

/* Removes the slot's old set, its list first. Free s, also after a failure. Errors: io. */
int bootset_begin(struct bootset *s, const char *target, char slot, const struct digest *content,
	struct err *err) MUST_USE;

/* Writes the whole file to fd, and tells what its bytes should be. */
typedef int bootset_fill(
	void *ctx, int fd, const char *path, struct digest *digest, struct err *err);

/* Adds a file: written under another name, synced, read back, renamed, synced. Errors: io, space,
 * corrupt (it reads back differently), those of fill. */
int bootset_add(struct bootset *s, const char *path, bootset_fill *fill, void *ctx,
	struct err *err) MUST_USE;

/* Writes the list: from here on it is a set. */
int bootset_end(struct bootset *s, struct err *err) MUST_USE;

/* Opens a set whose list is sound and of this content (NULL: of any), to mend its files. Free s,
 * also after a failure. Errors: nothing (there is no list), corrupt, io. */
int bootset_open(struct bootset *s, const char *target, char slot, const struct digest *content,
	struct err *err) MUST_USE;

/* Writes a file of an open set again, unless it is what the list says. The others, and the list,
 * stay as they are. Errors: corrupt (the list does not know it), those of bootset_add(). */
int bootset_mend(struct bootset *s, const char *path, bootset_fill *fill, void *ctx,
	struct err *err) MUST_USE;

/* Is there a set of this content (NULL: of any), and are its files what its list says? Every byte
 * is read from the disk. Errors: corrupt, with what differs, is gone or cannot be read; nothing,
 * where there is no list; io, interrupted, where that could not be told. */
int bootset_check(
	const char *target, char slot, const struct digest *content, struct err *err) MUST_USE;

static inline void cleanup_bootset(struct bootset *s)
{
	buf_free(&s->list);
}

#define AUTO_BOOTSET CLEANUP(cleanup_bootset) struct bootset

#endif
