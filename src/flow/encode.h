/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image turned into the two layers of a release: zstd frames, one a cell, and their index. The
 * cells are coded on all cores and written in order, so that the same image gives the same bytes.
 */
#ifndef OTA_FLOW_ENCODE_H
#define OTA_FLOW_ENCODE_H

#include "io/progress.h"
#include "release/release.h"

struct encode_spec {
	const char *image;  /* a file or a block device */
	const char *layout; /* the folder of an image layout that exists */
	int level;          /* of zstd */
	uint32_t cell_bytes;
};

/* Adds both layers to the layout and fills in raw_bytes, raw_digest, image and index of r. A
 * failure leaves at most temporary files. Errors: usage (empty image), io, space, interrupted. */
int encode_image(const struct encode_spec *spec, const struct progress *progress, struct release *r,
	struct err *err) MUST_USE;

#endif
