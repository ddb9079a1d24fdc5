/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of a base by their content, and what of the base no block of the target shares: only
 * there is more to be found, byte by byte. Most of two releases is the same files.
 */
#ifndef OTA_DELTA_BLOCKS_H
#define OTA_DELTA_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BLOCK_BYTES 4096u

struct blocks;

/* The base stays the caller's. Errors: failed (memory). */
struct blocks *blocks_new(const uint8_t *base, uint64_t bytes, struct err *err) MUST_USE;
void blocks_free(struct blocks *b);

/* Looks for a whole block. Returns whether the base has it, and where. Any number of threads. */
bool blocks_find(const struct blocks *b, const uint8_t *block, uint64_t *base_offset);

/* Notes that the target has this block, too. */
void blocks_share(struct blocks *b, const uint8_t *block);

/* Stretches of the base that hold blocks which are not shared, with some of what is around: start
 * with a zeroed stretch, false at the end. */
struct stretch {
	uint64_t offset, len;
};
bool blocks_next_unshared(const struct blocks *b, struct stretch *stretch);

#endif
