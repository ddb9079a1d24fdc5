/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/ops.h"

#include <string.h>

#define BLOCK_BITS 12 /* files begin at blocks of 4 KiB in nearly every image */
#define BLOCK_MASK ((1u << BLOCK_BITS) - 1)

void ops_reset(struct ops *o)
{
	prob_reset(o, sizeof(*o));
	memset(o->lags, 0, sizeof(o->lags));
	o->base_end = 0;
	o->had_extra = o->was_same = o->was_exact = 0;
}

static uint32_t code_extra(struct ops *o, struct coder *c, uint32_t len)
{
	o->had_extra = coder_bit(c, &o->has_extra[o->had_extra], len > 0);
	return o->had_extra ? coder_number(c, &o->extra, len) : 0;
}

static uint32_t code_copy(struct ops *o, struct coder *c, uint32_t len, uint32_t left)
{
	if (coder_bit(c, &o->to_end[o->had_extra], len == left))
		return left;
	return coder_number(c, &o->copy, len);
}

/* From anywhere: in blocks from where the last copy ended, then the place in the block. */
static uint64_t code_elsewhere(struct ops *o, struct coder *c, uint64_t base, uint64_t position)
{
	uint64_t from = o->base_end >> BLOCK_BITS, to = base >> BLOCK_BITS;
	unsigned backwards = coder_bit(c, &o->backwards, to < from);
	uint32_t blocks =
		coder_number(c, &o->blocks, (uint32_t)(backwards ? from - to : to - from));
	uint32_t place = base & BLOCK_MASK;

	if (coder_bit(c, &o->in_block, place == (position & BLOCK_MASK))) {
		place = position & BLOCK_MASK;
	} else {
		uint32_t high = coder_tree(c, o->high, 6, place >> 6);
		place = high << 6 | coder_tree(c, o->low, 6, place & 63);
	}
	return (backwards ? from - blocks : from + blocks) << BLOCK_BITS | place;
}

static uint64_t code_base(struct ops *o, struct coder *c, uint64_t base, uint64_t position)
{
	unsigned n = 0;

	o->was_same = coder_bit(
		c, &o->same_lag[o->had_extra][o->was_same], position - base == o->lags[0]);
	if (o->was_same)
		return position - o->lags[0];
	while (n < OPS_LAGS - 1 && o->lags[n] != position - base)
		n++;
	if (coder_bit(c, &o->older_lag, o->lags[n] == position - base)) {
		n = coder_tree(c, o->which_lag, 2, n);
		base = position - o->lags[n];
	} else {
		n = OPS_LAGS - 1;
		base = code_elsewhere(o, c, base, position);
	}
	memmove(o->lags + 1, o->lags, n * sizeof(o->lags[0]));
	o->lags[0] = position - base;
	return base;
}

struct delta_op ops_code(
	struct ops *o, struct coder *c, const struct delta_op *op, uint32_t left, uint64_t position)
{
	struct delta_op got = {.extra_len = code_extra(o, c, op->extra_len)};

	if (got.extra_len >= left)
		return got;
	got.copy_len = code_copy(o, c, op->copy_len, left - got.extra_len);
	got.base_offset = code_base(o, c, op->base_offset, position + got.extra_len);
	o->base_end = got.base_offset + got.copy_len;
	return got;
}

bool ops_code_exact(struct ops *o, struct coder *c, bool exact)
{
	o->was_exact = coder_bit(c, &o->exact[o->was_exact], exact);
	return o->was_exact;
}
