/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delta made on a build machine: each cell of the target that is not zeros is matched against the
 * whole base, on all cores, and coded. The same images give the same bytes.
 */
#ifndef OTA_DELTA_BUILD_H
#define OTA_DELTA_BUILD_H

#include "delta/delta.h"
#include "io/progress.h"
#include "release/index.h"

struct delta_build_spec {
	int base_fd, target_fd; /* files or block devices; the caller's */
	uint64_t base_bytes;
	const char *base_name, *target_name; /* what messages call them */
	const struct frame_index *index;     /* of the target: its cells and their order */
	int level;                           /* of zstd, for what the base lacks */
	int out_fd;                          /* open for reading and writing; the caller's */
	const char *out_name;
};

/* Writes the whole blob into out_fd from offset 0 on, and tells its size; nothing is synced. A
 * failure leaves what it likes in the file. Progress: the steps "compare" and "delta". Takes memory
 * of some ten times what the two images do not share. Errors: config (no libdivsufsort), failed,
 * io, space, corrupt (an image is shorter than it should be), interrupted. */
int delta_build(const struct delta_build_spec *spec, const struct progress *progress,
	uint64_t *blob_bytes, struct err *err) MUST_USE;

#endif
