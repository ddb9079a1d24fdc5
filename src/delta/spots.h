/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a copy differs from its base, and by how much. What is rebuilt keeps its code but moves its
 * addresses, so a difference is a spot: four bytes, taken as a number, to which something is added;
 * mostly what an address nearby was moved by, too.
 *
 * Only places that are known to be in front of addresses (by the two bytes before them) cost a step
 * of the coder; between those, equal bytes are passed by a test of one bit each. A spot elsewhere
 * is told by its distance, and its surroundings are remembered.
 *
 * Works in place and in both directions: `raw` holds the bytes of the base and is turned into those
 * of the target; when encoding, `want` holds these.
 */
#ifndef OTA_DELTA_SPOTS_H
#define OTA_DELTA_SPOTS_H

#include "delta/coder.h"

struct spots;
struct spots *spots_new(void); /* NULL: out of memory */
void spots_free(struct spots *s);
void spots_reset(struct spots *s);

struct spots_copy {
	uint8_t *raw;        /* of the cell; the copy starts at `from` */
	const uint8_t *want; /* of the cell; NULL when decoding */
	size_t from, to;
	uint64_t base_offset; /* of the byte at `from` */
	uint64_t position;    /* of the byte at `from`, within the group */
};

void spots_code(struct spots *s, struct coder *c, const struct spots_copy *copy);

/* When encoding, once for each copy before it is coded; `plan` has a bit for each byte of the cell
 * and is all zeros. */
void spots_plan(struct spots *s, const struct spots_copy *copy);

#endif
