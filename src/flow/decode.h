/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of a layer, decoded and held against the signed index. A decoder is what one worker's
 * job keeps between its turns.
 */
#ifndef OTA_FLOW_DECODE_H
#define OTA_FLOW_DECODE_H

#include "io/zstd.h"
#include "release/index.h"

struct frame_decoder {
	struct zstd_decoder *zstd;
	uint8_t *coded; /* room for CODED_BYTES_MAX */
	uint8_t *raw;   /* room for a cell */
};

/* Errors: failed (memory); free also after a failure. */
int frame_decoder_init(struct frame_decoder *d, uint32_t cell_bytes, struct err *err) MUST_USE;
void frame_decoder_free(struct frame_decoder *d);

/* Decodes d->coded, which is the frame's coded bytes, and checks what comes out: afterwards d->raw
 * is the frame's cell (of a run of zeros its last cell). Errors: corrupt. */
int frame_decode(struct frame_decoder *d, const struct frame *f, uint32_t cell_bytes,
	struct err *err) MUST_USE;

#endif
