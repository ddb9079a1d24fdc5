/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cut run has left of an image's layer in the store: a sparse file in which the frames that
 * are sound are found by their hash.
 */
#ifndef OTA_FLOW_PARTIAL_H
#define OTA_FLOW_PARTIAL_H

#include <limits.h>

#include "flow/bring.h"
#include "flow/transfer.h"

struct partial {
	int fd; /* -1: there is none, and the run is dry */
	char path[PATH_MAX];
	struct image_index index;
	struct frame_set have;
};

#define PARTIAL                                                                                    \
	{                                                                                          \
		.fd = -1, .index = IMAGE_INDEX                                                     \
	}

/* Loads the image's index, into the store unless the run is dry, and finds what is there. Errors:
 * corrupt, the source's, io, space. */
int partial_open(const struct bring *b, const struct image *image, struct partial *p,
	struct err *err) MUST_USE;
void partial_close(struct partial *p);

#define AUTO_PARTIAL CLEANUP(partial_close) struct partial

/* The index alone: from the store where an earlier run, or the plan, has put it. */
int partial_load_index(const struct bring *b, const struct image *image, struct image_index *index,
	struct err *err) MUST_USE;

/* Brings every frame that is not in p->have from the image's layer. Errors: those of
 * transfer_run(), io, space. */
int partial_fill(const struct bring *b, const struct image *image, struct partial *p,
	struct err *err) MUST_USE;

#endif
