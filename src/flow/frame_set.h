/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which frames of a layer are there. A set belongs to one thread.
 */
#ifndef OTA_FLOW_FRAME_SET_H
#define OTA_FLOW_FRAME_SET_H

#include "base/mem.h"
#include "release/index.h"

/* One bit a frame. */
struct frame_set {
	uint8_t *bits;
};

int frame_set_init(struct frame_set *s, const struct frame_index *index, struct err *err) MUST_USE;
void frame_set_add(struct frame_set *s, const struct frame *f);
void frame_set_remove(struct frame_set *s, const struct frame *f);
bool frame_set_has(const struct frame_set *s, const struct frame *f);

/* Adds what is in another set of the same index; or moves it, in place of what was there. */
void frame_set_merge(
	struct frame_set *s, const struct frame_set *from, const struct frame_index *index);
void frame_set_move(struct frame_set *from, struct frame_set *to, const struct frame_index *index);

/* Adds every run of zeros, for a place that is all zeros before anything is written. */
void frame_set_add_zeros(struct frame_set *s, const struct frame_index *index);

/* The coded bytes of its frames. */
uint64_t frame_set_bytes(const struct frame_set *s, const struct frame_index *index);

static inline void cleanup_frame_set(struct frame_set *s)
{
	free(s->bits);
}

#define AUTO_FRAME_SET CLEANUP(cleanup_frame_set) struct frame_set

#endif
