/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "delta/bytes.h"

#define AROUND 4 /* blocks on both sides of one that is not shared */
#define NO_BLOCK UINT32_MAX

struct slot {
	uint32_t tag, block; /* the first block with this content */
};

struct blocks {
	const uint8_t *base;
	uint64_t bytes;
	uint32_t n_blocks; /* whole ones */
	struct slot *slots;
	uint32_t mask;
	uint32_t *same_as; /* for each block the first one with its content */
	uint8_t *shared;
};

static uint64_t hash_block(const uint8_t *block)
{
	uint64_t a = 0, b = 1;

	for (size_t n = 0; n < BLOCK_BYTES; n += 16) {
		a = (a ^ le_get64(block + n)) * UINT64_C(0x9e3779b97f4a7c15);
		b = (b ^ le_get64(block + n + 8)) * UINT64_C(0xc2b2ae3d27d4eb4f);
		a ^= a >> 29;
		b ^= b >> 31;
	}
	return (a ^ (b << 32 | b >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* The slot that has this block, or an empty one for it. */
static struct slot *find_slot(const struct blocks *b, const uint8_t *block, uint64_t hash)
{
	uint32_t tag = (uint32_t)hash, at = (uint32_t)(hash >> 32) & b->mask;

	for (;; at = (at + 1) & b->mask) {
		struct slot *slot = &b->slots[at];
		if (slot->block == NO_BLOCK ||
			(slot->tag == tag && memcmp(b->base + (uint64_t)slot->block * BLOCK_BYTES,
						     block, BLOCK_BYTES) == 0))
			return slot;
	}
}

static void add_all(struct blocks *b)
{
	for (uint32_t n = 0; n < b->n_blocks; n++) {
		const uint8_t *block = b->base + (uint64_t)n * BLOCK_BYTES;
		uint64_t hash = hash_block(block);
		struct slot *slot = find_slot(b, block, hash);
		if (slot->block == NO_BLOCK)
			*slot = (struct slot){.tag = (uint32_t)hash, .block = n};
		b->same_as[n] = slot->block;
	}
}

struct blocks *blocks_new(const uint8_t *base, uint64_t bytes, struct err *err)
{
	struct blocks *b = calloc(1, sizeof(*b));
	uint64_t n_blocks = bytes / BLOCK_BYTES, n_slots = 2;

	while (n_slots < 2 * n_blocks)
		n_slots *= 2;
	if (n_slots > UINT32_MAX) {
		free(b);
		err_set(err, OTA_FAILED, "a base of %ju bytes is too large for a delta",
			(uintmax_t)bytes);
		return NULL;
	}
	if (b) {
		b->base = base;
		b->bytes = bytes;
		b->n_blocks = (uint32_t)n_blocks;
		b->mask = (uint32_t)(n_slots - 1);
		b->slots = malloc(n_slots * sizeof(*b->slots));
		b->same_as = calloc(n_blocks + 1, sizeof(*b->same_as));
		b->shared = calloc(n_blocks + 1, 1);
	}
	if (!b || !b->slots || !b->same_as || !b->shared) {
		blocks_free(b);
		err_set(err, OTA_FAILED, "out of memory for a table of blocks");
		return NULL;
	}
	memset(b->slots, 0xff, n_slots * sizeof(*b->slots));
	add_all(b);
	return b;
}

void blocks_free(struct blocks *b)
{
	if (b) {
		free(b->slots);
		free(b->same_as);
		free(b->shared);
	}
	free(b);
}

bool blocks_find(const struct blocks *b, const uint8_t *block, uint64_t *base_offset)
{
	uint32_t n = find_slot(b, block, hash_block(block))->block;

	if (n == NO_BLOCK)
		return false;
	*base_offset = (uint64_t)n * BLOCK_BYTES;
	return true;
}

void blocks_share(struct blocks *b, const uint8_t *block)
{
	uint32_t n = find_slot(b, block, hash_block(block))->block;

	if (n != NO_BLOCK)
		b->shared[n] = 1;
}

/* Whether a block near this one is not shared; the tail that is no whole block never is. */
static bool is_wanted(const struct blocks *b, uint64_t block)
{
	uint64_t from = block < AROUND ? 0 : block - AROUND;

	for (uint64_t n = from; n <= block + AROUND && n < b->n_blocks; n++)
		if (!b->shared[b->same_as[n]])
			return true;
	return block + AROUND >= b->n_blocks && b->bytes % BLOCK_BYTES;
}

bool blocks_next_unshared(const struct blocks *b, struct stretch *stretch)
{
	uint64_t n_blocks = b->n_blocks + (b->bytes % BLOCK_BYTES != 0);
	uint64_t from = (stretch->offset + stretch->len + BLOCK_BYTES - 1) / BLOCK_BYTES;

	while (from < n_blocks && !is_wanted(b, from))
		from++;
	uint64_t to = from;
	while (to < n_blocks && is_wanted(b, to))
		to++;
	stretch->offset = from * BLOCK_BYTES;
	uint64_t end = to * BLOCK_BYTES < b->bytes ? to * BLOCK_BYTES : b->bytes;
	stretch->len = to > from ? end - stretch->offset : 0;
	return to > from;
}
