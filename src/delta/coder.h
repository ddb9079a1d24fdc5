/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adaptive binary range coder. One function serves both directions, so that what models a value
 * is written once: when encoding, the bit that is given goes out; when decoding, it counts for
 * nothing and the bit that came in is returned.
 *
 * The encoder writes into a buffer of a fixed size and notes where it would run over; the decoder
 * gets zeros behind the end of its input, and counts them. Neither fails on the way: the owner asks
 * for coder_sound() at the end of a piece.
 */
#ifndef OTA_DELTA_CODER_H
#define OTA_DELTA_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coder {
	uint64_t range, low; /* low: of the interval; when decoding, how far in it the input is */
	const uint8_t *in, *in_end;
	uint8_t *out;
	size_t out_len, out_room;
	unsigned missing; /* bytes that the input did not have, or the output had no room for */
	bool encoding;
};

/* How probable a 0 is, of 2^16, as a mean of one that learns fast and one that learns well. */
struct prob {
	uint16_t fast, slow;
};

#define PROB_FAST 4
#define PROB_SLOW 7
#define PROB_EVEN 0x8000

void coder_encode_begin(struct coder *c, uint8_t *out, size_t room);
void coder_encode_end(struct coder *c);
void coder_decode_begin(struct coder *c, const uint8_t *in, size_t len);
bool coder_sound(const struct coder *c);

void coder_put_word(struct coder *c);
uint32_t coder_get_tail(struct coder *c);
void coder_carry(struct coder *c);

/* Sets so many bytes of struct prob to even odds. */
void prob_reset(void *probs, size_t bytes);

static inline void coder_shift(struct coder *c)
{
	c->range <<= 32;
	if (c->encoding) {
		coder_put_word(c);
		return;
	}
	uint32_t word;
	if (c->in_end - c->in >= 4) {
		__builtin_memcpy(&word, c->in, 4);
		word = __builtin_bswap32(word);
		c->in += 4;
	} else {
		word = coder_get_tail(c);
	}
	c->low = c->low << 32 | word;
}

static inline unsigned coder_split(struct coder *c, uint64_t bound, unsigned bit)
{
	if (!c->encoding)
		bit = c->low >= bound;
	if (bit) {
		if (c->encoding) {
			c->low += bound;
			if (c->low < bound)
				coder_carry(c);
		} else {
			c->low -= bound;
		}
		c->range -= bound;
	} else {
		c->range = bound;
	}
	if (c->range >> 32 == 0)
		coder_shift(c);
	return bit;
}

static inline unsigned coder_bit(struct coder *c, struct prob *p, unsigned bit)
{
	uint32_t odds = ((uint32_t)p->fast + p->slow) >> 1;

	bit = coder_split(c, (c->range >> 16) * odds, bit);
	if (bit) {
		p->fast -= p->fast >> PROB_FAST;
		p->slow -= p->slow >> PROB_SLOW;
	} else {
		p->fast += (uint16_t)(0xffff - p->fast) >> PROB_FAST;
		p->slow += (uint16_t)(0xffff - p->slow) >> PROB_SLOW;
	}
	return bit;
}

/* A value of so many bits, the highest first, each seen in the light of those above it;
 * probs[1 << bits]. */
static inline unsigned coder_tree(
	struct coder *c, struct prob *probs, unsigned bits, unsigned value)
{
	unsigned node = 1;

	while (bits-- > 0)
		node = node << 1 | coder_bit(c, &probs[node], value >> bits & 1);
	return node & ~(1u << (31 - __builtin_clz(node)));
}

/* A number of 32 bits: how long it is, then its bits, each by its place. */
struct number {
	struct prob length[64], bits[33][32];
};

uint32_t coder_number(struct coder *c, struct number *n, uint32_t value);

#endif
