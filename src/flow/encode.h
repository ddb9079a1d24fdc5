/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image turned into its two layers: zstd frames, one a cell, and their index. The
 * cells are coded on all cores and written in order, so that the same image gives the same bytes.
 */
#ifndef OTA_FLOW_ENCODE_H
#define OTA_FLOW_ENCODE_H

#include "io/progress.h"
#include "release/release.h"

struct encode_spec {
	int fd;             /* of the image, a file or a block device; the caller's */
	const char *name;   /* what messages call it */
	const char *layout; /* the folder of an image layout that exists */
	int level;          /* of zstd */
	uint32_t cell_bytes;
};

/* Adds both layers to the layout and fills in all of `result` but its name. A failure leaves at
 * most temporary files. Errors: usage (empty image), io, space, interrupted. */
int encode_image(const struct encode_spec *spec, const struct progress *progress,
	struct image *result, struct err *err) MUST_USE;

#endif
