/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a slot from a delta that was fetched: its cells are made anew out of the slot that runs,
 * the others are taken from the frames that were fetched whole.
 */
#ifndef OTA_FLOW_WRITE_DELTA_H
#define OTA_FLOW_WRITE_DELTA_H

#include "flow/bring.h"
#include "flow/rebuild.h"

struct write_delta {
	const struct device *d;
	char running;
	const struct image *image;
	const struct frame_index *index;
	struct frame_set *have;
	int (*put)(void *ctx, const struct frame *f, const uint8_t *raw, struct err *err);
	void *ctx;
	const struct progress *progress;
};

/* Errors: corrupt (the slot that runs is not what it was at the fetch, or the store is damaged),
 * config (what runs is not known), io, interrupted, those of put. */
int write_delta_run(const struct write_delta *w, struct err *err) MUST_USE;

#endif
