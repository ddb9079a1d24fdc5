/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline that brings a layer from a source to where it is wanted: bytes are received on the
 * caller's thread, cut into frames, decoded and hashed on all cores, and only then given on. What
 * was received whole before the source failed is given on, too.
 * Memory: a few frames, whatever the size of the image.
 */
#ifndef OTA_FLOW_TRANSFER_H
#define OTA_FLOW_TRANSFER_H

#include "flow/decode.h"
#include "flow/frame_set.h"
#include "io/progress.h"
#include "io/source.h"

struct transfer {
	struct source *source;
	const struct descriptor *layer;
	const struct frame_index *index;
	struct frame_set *have; /* what is there already; every frame that arrives is added */
	/* Called on the workers, several at once, with a frame that was verified. */
	int (*put)(
		void *ctx, const struct frame *f, const struct frame_decoder *d, struct err *err);
	/* Called on the caller's thread, in the order of the image; NULL: not wanted. */
	int (*in_order)(
		void *ctx, const struct frame *f, const struct frame_decoder *d, struct err *err);
	void *ctx;
	const struct progress *progress;
};

/* Brings all frames that are not there. Errors: corrupt (a frame is not what the index says),
 * retry, refused, interrupted, those of put and in_order. */
int transfer_run(const struct transfer *t, struct err *err) MUST_USE;

#endif
