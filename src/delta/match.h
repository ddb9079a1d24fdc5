/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds for each cell of a target what of the base it is made of: whole blocks that the base has
 * somewhere, and between those what the base has nearly, as bsdiff does. For a build machine: takes
 * four times the memory of what the two images do not share.
 *
 *   matcher_new -> matcher_find*, on any number of threads -> matcher_free
 */
#ifndef OTA_DELTA_MATCH_H
#define OTA_DELTA_MATCH_H

#include "delta/blocks.h"
#include "delta/encoder.h"

struct matcher;

/* Base and blocks stay the caller's; in the blocks is noted what the target shares. Errors: config,
 * failed. */
struct matcher *matcher_new(const uint8_t *base, uint64_t base_bytes, const struct blocks *blocks,
	struct err *err) MUST_USE;
void matcher_free(struct matcher *m);

/* The steps of one cell. Zero-initialised, it is used for one cell after the other, and freed by
 * steps_free. */
struct steps {
	struct delta_op *ops;
	size_t n, room;
};
void steps_free(struct steps *steps);

/* Replaces `steps` by those that make up the cell. Errors: failed (memory). */
int matcher_find(const struct matcher *m, const uint8_t *cell, size_t len, struct steps *steps,
	struct err *err) MUST_USE;

#endif
