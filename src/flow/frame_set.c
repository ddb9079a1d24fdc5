/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/frame_set.h"

#include <string.h>

static size_t set_len(const struct frame_index *index)
{
	return index->n_entries / 8 + 1;
}

int frame_set_init(struct frame_set *s, const struct frame_index *index, struct err *err)
{
	s->bits = calloc(1, set_len(index));
	return s->bits ? 0 : err_set(err, OTA_FAILED, "out of memory");
}

void frame_set_add(struct frame_set *s, const struct frame *f)
{
	s->bits[f->number / 8] |= (uint8_t)(1 << f->number % 8);
}

void frame_set_remove(struct frame_set *s, const struct frame *f)
{
	s->bits[f->number / 8] &= (uint8_t) ~(1 << f->number % 8);
}

bool frame_set_has(const struct frame_set *s, const struct frame *f)
{
	return s->bits[f->number / 8] & 1 << f->number % 8;
}

void frame_set_merge(
	struct frame_set *s, const struct frame_set *from, const struct frame_index *index)
{
	for (size_t i = 0; i < set_len(index); i++)
		s->bits[i] |= from->bits[i];
}

void frame_set_move(struct frame_set *from, struct frame_set *to, const struct frame_index *index)
{
	memcpy(to->bits, from->bits, set_len(index));
	memset(from->bits, 0, set_len(index));
}

void frame_set_add_zeros(struct frame_set *s, const struct frame_index *index)
{
	struct frame f = {0};

	while (index_next(index, &f))
		if (f.zeros)
			frame_set_add(s, &f);
}

uint64_t frame_set_bytes(const struct frame_set *s, const struct frame_index *index)
{
	struct frame f = {0};
	uint64_t bytes = 0;

	while (index_next(index, &f))
		if (frame_set_has(s, &f))
			bytes += f.coded_len;
	return bytes;
}
