/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a slot from a delta: its cells are made out of the slot that runs. Where all was fetched
 * before, the others are taken from the frames that came whole.
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

/* Makes the cells that are not there from the delta at `path`; what it does not make is left.
 * Errors: corrupt, config (what runs is not known), io, interrupted, those of put. */
int write_delta_cells(const struct write_delta *w, const char *path, struct err *err) MUST_USE;

/* All cells, from the delta and the frames that a fetch left in the store. Errors: corrupt besides
 * (the slot that runs is not what it was at the fetch, or the store is damaged). */
int write_delta_stored(const struct write_delta *w, struct err *err) MUST_USE;

#endif
