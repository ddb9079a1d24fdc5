/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/coder.h"

#include <string.h>

#define TAIL_BYTES 8 /* the encoder leaves out zeros at its end, as many as this */

void coder_encode_begin(struct coder *c, uint8_t *out, size_t room)
{
	*c = (struct coder){.range = UINT64_MAX, .out = out, .out_room = room, .encoding = true};
}

void coder_decode_begin(struct coder *c, const uint8_t *in, size_t len)
{
	*c = (struct coder){.range = UINT64_MAX, .in = in, .in_end = in + len};
	coder_shift(c);
	coder_shift(c);
	c->range = UINT64_MAX;
}

bool coder_sound(const struct coder *c)
{
	return c->missing <= (c->encoding ? 0 : TAIL_BYTES);
}

static void put_byte(struct coder *c, uint8_t byte)
{
	if (c->out_len < c->out_room)
		c->out[c->out_len++] = byte;
	else
		c->missing = 1;
}

void coder_put_word(struct coder *c)
{
	for (int shift = 56; shift >= 32; shift -= 8)
		put_byte(c, (uint8_t)(c->low >> shift));
	c->low <<= 32;
}

void coder_carry(struct coder *c)
{
	for (size_t n = c->out_len; n > 0 && ++c->out[n - 1] == 0;)
		n--;
}

/* Of the numbers in the interval the one with the most zeros at its end, which are not written. */
void coder_encode_end(struct coder *c)
{
	uint64_t last = c->low + (c->range - 1), value = last;

	for (unsigned zeros = 63; zeros > 0; zeros--) {
		value = last & ~((UINT64_C(1) << zeros) - 1);
		if (last - value < c->range)
			break;
		value = last;
	}
	if (value < c->low)
		coder_carry(c);
	for (; value; value <<= 8)
		put_byte(c, (uint8_t)(value >> 56));
}

uint32_t coder_get_tail(struct coder *c)
{
	uint32_t word = 0;

	for (int i = 0; i < 4; i++) {
		bool there = c->in < c->in_end;
		word = word << 8 | (there ? *c->in++ : 0);
		if (!there && c->missing <= TAIL_BYTES)
			c->missing++;
	}
	return word;
}

void prob_reset(void *probs, size_t bytes)
{
	uint16_t *p = probs;

	for (size_t n = bytes / sizeof(*p); n > 0; n--)
		*p++ = PROB_EVEN;
}

uint32_t coder_number(struct coder *c, struct number *n, uint32_t value)
{
	unsigned length = value ? 32 - (unsigned)__builtin_clz(value) : 0;

	length = coder_tree(c, n->length, 6, length);
	if (length > 32)
		length = 32;
	uint32_t got = length > 0;
	for (unsigned bit = length > 0 ? length - 1 : 0; bit-- > 0;)
		got = got << 1 | coder_bit(c, &n->bits[length][bit], value >> bit & 1);
	return got;
}
