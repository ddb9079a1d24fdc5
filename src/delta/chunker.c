/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/chunker.h"

#include <string.h>

#include "base/mem.h"

#define TAIL_BYTES 8 /* so many zeros end a file */
#define GEAR_WINDOW 64

/* Numbers that look random and are the same everywhere (splitmix64). */
static void fill_gear(uint64_t gear[256])
{
	for (uint64_t i = 0, seed = 0; i < 256; i++) {
		seed += UINT64_C(0x9E3779B97F4A7C15);
		uint64_t v = seed;
		v = (v ^ v >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
		v = (v ^ v >> 27) * UINT64_C(0x94D049BB133111EB);
		gear[i] = v ^ v >> 31;
	}
}

void chunker_init(struct chunker *c, uint32_t unit_bytes, uint32_t min_bytes, uint32_t max_bytes)
{
	unsigned bits = 1;

	*c = (struct chunker){unit_bytes, min_bytes, max_bytes, .mask = 0};
	while (bits < 30 && (UINT32_C(1) << bits) < max_bytes / 4)
		bits++;
	/* the upper bits: those that the whole window has reached */
	c->mask = ~UINT64_C(0) << (64 - bits);
	fill_gear(c->gear);
}

bool chunker_ends_file(const uint8_t *data, size_t len)
{
	static const uint8_t zeros[TAIL_BYTES];

	return len >= TAIL_BYTES && memcmp(data + len - TAIL_BYTES, zeros, TAIL_BYTES) == 0;
}

static size_t unit_at(const struct chunker *c, size_t at, size_t len)
{
	return len - at < c->unit_bytes ? len - at : c->unit_bytes;
}

static size_t cut_zeros(const struct chunker *c, const uint8_t *data, size_t len)
{
	size_t at = 0;

	while (at < len && mem_is_zero(data + at, unit_at(c, at, len)))
		at += unit_at(c, at, len);
	return at;
}

static size_t cut_blocks(const struct chunker *c, const uint8_t *data, size_t len)
{
	size_t at = unit_at(c, 0, len);

	while (at < len) {
		size_t unit = unit_at(c, at, len);
		if (at >= c->min_bytes &&
			(chunker_ends_file(data, at) || mem_is_zero(data + at, unit)))
			break;
		at += unit;
	}
	return at;
}

static size_t cut_bytes(const struct chunker *c, const uint8_t *data, size_t len)
{
	size_t at = c->min_bytes > GEAR_WINDOW ? c->min_bytes - GEAR_WINDOW : 0;
	uint64_t hash = 0;

	for (; at < len; at++) {
		hash = (hash << 1) + c->gear[data[at]];
		if (at >= c->min_bytes && !(hash & c->mask))
			return at;
	}
	return len;
}

size_t chunker_cut(const struct chunker *c, const uint8_t *data, size_t len, bool *zeros)
{
	size_t most = len < c->max_bytes ? len : c->max_bytes;
	size_t n = 0;

	if (c->unit_bytes > 1) {
		n = cut_zeros(c, data, most);
		*zeros = n > 0;
		return n ? n : cut_blocks(c, data, most);
	}
	n = cut_bytes(c, data, most);
	*zeros = mem_is_zero(data, n);
	return n;
}
