/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of a layer, decoded and held against the signed index. What decoding takes beside the
 * coded bytes, a coder and room for a cell, is kept in a rack of as many as can be at work at once:
 * jobs that wait hold nothing but their coded bytes.
 */
#ifndef OTA_FLOW_DECODE_H
#define OTA_FLOW_DECODE_H

#include <pthread.h>

#include "io/zstd.h"
#include "release/index.h"

#define DECODERS_MAX 16

struct frame_decoder {
	struct zstd_decoder *zstd;
	uint8_t *coded; /* of the job that took the decoder: coded bytes of the frame */
	uint8_t *raw;   /* room for a cell, of slot_alloc() */
};

struct decoder_rack {
	struct frame_decoder decoders[DECODERS_MAX];
	struct frame_decoder *free[DECODERS_MAX];
	unsigned n, n_free;
	uint32_t cell_bytes;
	pthread_mutex_t lock;
};

/* n: how many can be taken at once, at most DECODERS_MAX. Errors: failed (memory); free also after
 * a failure. */
int decoder_rack_init(
	struct decoder_rack *r, unsigned n, uint32_t cell_bytes, struct err *err) MUST_USE;
void decoder_rack_free(struct decoder_rack *r);

/* Any thread may take one, and give it back; never more than n are out. */
struct frame_decoder *decoder_take(struct decoder_rack *r, uint8_t *coded);
void decoder_give(struct decoder_rack *r, struct frame_decoder *d);

/* Room for the coded bytes of any entry; free() it. NULL: out of memory. */
uint8_t *coded_alloc(struct err *err) MUST_USE;

/* Decodes d->coded, which is the frame's coded bytes, and checks what comes out: afterwards d->raw
 * is the frame's cell (of a run of zeros its last cell). Errors: corrupt. */
int frame_decode(struct frame_decoder *d, const struct frame *f, uint32_t cell_bytes,
	struct err *err) MUST_USE;

#endif
