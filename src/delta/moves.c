/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/moves.h"

#include <string.h>

void moves_reset(struct moves *m)
{
	prob_reset(m, sizeof(*m));
	memset(m->recent, 0, sizeof(m->recent));
	m->last_recent = m->last_width = 0;
}

unsigned recent_find(const uint32_t recent[RECENT], uint32_t moved)
{
	unsigned n = 0;

	while (n < RECENT - 1 && recent[n] != moved)
		n++;
	return n;
}

void recent_keep(uint32_t recent[RECENT], unsigned n, uint32_t moved)
{
	memmove(recent + 1, recent, n * sizeof(*recent));
	recent[0] = moved;
}

/* How many of the four bytes a number with a sign needs, less one. */
static unsigned width_of(uint32_t moved)
{
	uint32_t size = moved >> 31 ? ~moved : moved;

	return size < 0x80 ? 0 : size < 0x8000 ? 1 : size < 0x800000 ? 2 : 3;
}

static uint32_t code_new(struct moves *m, struct coder *c, uint32_t moved)
{
	unsigned width = coder_tree(c, m->width[m->last_width], 2, width_of(moved));
	unsigned bits = 8 * (width + 1);
	uint32_t got = 0;

	m->last_width = width;
	for (unsigned n = width + 1; n-- > 0;)
		got = got << 8 | coder_tree(c, m->bytes[width][n], 8, moved >> 8 * n & 0xff);
	return got >> (bits - 1) && bits < 32 ? got | UINT32_MAX << bits : got;
}

uint32_t moves_code(struct moves *m, struct coder *c, unsigned class, enum known known,
	uint32_t guessed, uint32_t moved)
{
	if (known == MOVES && coder_bit(c, &m->as_guessed[class], moved == guessed))
		return guessed;
	unsigned n = c->encoding ? recent_find(m->recent, moved) : 0;
	unsigned is_recent = coder_bit(
		c, &m->is_recent[known][m->last_recent], c->encoding && m->recent[n] == moved);
	m->last_recent = is_recent;
	if (is_recent) {
		n = coder_tree(c, m->which_recent[known], RECENT_BITS, n);
		moved = m->recent[n];
	} else {
		n = RECENT - 1;
		moved = code_new(m, c, moved);
	}
	recent_keep(m->recent, n, moved);
	return moved;
}
