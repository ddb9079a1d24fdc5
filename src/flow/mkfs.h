/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system of a tree, by the programs that make them, in a way that gives the same bytes for
 * the same tree.
 */
#ifndef OTA_FLOW_MKFS_H
#define OTA_FLOW_MKFS_H

#include "io/digest.h"

struct mkfs {
	const char *tree, *image;  /* a folder, and the file to make */
	uint64_t bytes;            /* of ext4; 0: as much as it takes, and some room */
	int64_t now_utc_s;         /* the time that the file system is from */
	const struct digest *seed; /* its UUID follows from it */
};

/* ext4 without a journal, which an image that is only read has no use for. Errors: config (the
 * program is missing), failed (what it said), io, space, interrupted. */
int mkfs_ext4(const struct mkfs *spec, struct err *err) MUST_USE;
int mkfs_erofs(const struct mkfs *spec, struct err *err) MUST_USE;

#endif
