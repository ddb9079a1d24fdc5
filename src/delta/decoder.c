/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "delta/bytes.h"
#include "delta/delta.h"
#include "delta/ops.h"
#include "delta/spots.h"
#include "io/zstd.h"
#include "release/index.h"

struct delta_decoder {
	struct zstd_decoder *zstd;
	const uint8_t *extra; /* what is left of the coded extra bytes */
	size_t extra_len;
	uint32_t segments_left;
	uint64_t position;
	struct coder coder;
	struct ops ops;
	struct spots *spots;
};

struct delta_decoder *delta_decoder_new(struct err *err)
{
	struct delta_decoder *d = calloc(1, sizeof(*d));

	if (d)
		d->spots = spots_new();
	if (!d || !d->spots) {
		err_set(err, OTA_FAILED, "out of memory for a delta decoder");
	} else {
		d->zstd = zstd_decoder_new(err);
		if (d->zstd)
			return d;
	}
	delta_decoder_free(d);
	return NULL;
}

void delta_decoder_free(struct delta_decoder *d)
{
	if (!d)
		return;
	zstd_decoder_free(d->zstd);
	spots_free(d->spots);
	free(d);
}

int delta_decoder_begin(struct delta_decoder *d, const void *coded, size_t len, uint32_t n_segments,
	struct err *err)
{
	const uint8_t *bytes = coded;

	d->segments_left = 0;
	if (len < DELTA_EXTRA_BYTES || le_get32(bytes) > len - DELTA_EXTRA_BYTES)
		return err_set(err, OTA_CORRUPT, "delta: a group of %zu bytes is cut", len);
	d->extra = bytes + DELTA_EXTRA_BYTES;
	d->extra_len = le_get32(bytes);
	d->segments_left = n_segments;
	d->position = 0;
	coder_decode_begin(
		&d->coder, d->extra + d->extra_len, len - DELTA_EXTRA_BYTES - d->extra_len);
	ops_reset(&d->ops);
	spots_reset(d->spots);
	return zstd_decode_begin(d->zstd, err);
}

static int take_extra(struct delta_decoder *d, uint8_t *raw, size_t len, struct err *err)
{
	size_t used = 0;

	if (zstd_decode_more(d->zstd, d->extra, d->extra_len, raw, len, &used, err) < 0)
		return err_wrap(err, "delta");
	d->extra += used;
	d->extra_len -= used;
	return 0;
}

static int take_copy(struct delta_decoder *d, const struct delta_base *base,
	const struct delta_op *op, uint8_t *raw, size_t at, struct err *err)
{
	if (op->base_offset > base->size_bytes || op->copy_len > base->size_bytes - op->base_offset)
		return err_set(err, OTA_CORRUPT, "delta: a copy from outside of the base");
	if (base->read(base->ctx, raw + at, op->copy_len, op->base_offset, err) < 0)
		return -1;
	if (ops_code_exact(&d->ops, &d->coder, false))
		return 0;
	const struct spots_copy copy = {.raw = raw,
		.from = at,
		.to = at + op->copy_len,
		.base_offset = op->base_offset,
		.position = d->position + at};
	spots_code(d->spots, &d->coder, &copy);
	return 0;
}

static int take_segment(struct delta_decoder *d, const struct delta_base *base, uint8_t *raw,
	size_t raw_len, struct err *err)
{
	static const struct delta_op none;

	for (size_t at = 0; at < raw_len;) {
		uint32_t left = (uint32_t)(raw_len - at);
		struct delta_op op = ops_code(&d->ops, &d->coder, &none, left, d->position + at);
		if (op.extra_len > left || op.copy_len > left - op.extra_len ||
			op.extra_len + op.copy_len == 0)
			return err_set(
				err, OTA_CORRUPT, "delta: a step reaches outside of its cell");
		if (op.extra_len && take_extra(d, raw + at, op.extra_len, err) < 0)
			return -1;
		at += op.extra_len;
		if (op.copy_len && take_copy(d, base, &op, raw, at, err) < 0)
			return -1;
		at += op.copy_len;
	}
	if (!coder_sound(&d->coder))
		return err_set(err, OTA_CORRUPT, "delta: a group ends too early");
	d->position += raw_len;
	return 0;
}

int delta_decoder_segment(struct delta_decoder *d, const struct delta_base *base, uint8_t *raw,
	size_t raw_len, struct err *err)
{
	if (d->segments_left == 0 || raw_len == 0 || raw_len > CELL_BYTES_MAX)
		return err_set(err, OTA_CORRUPT, "delta: no cell of %zu bytes is left in its group",
			raw_len);
	uint32_t left = d->segments_left - 1;
	d->segments_left = 0; /* for good, unless all goes well */
	if (take_segment(d, base, raw, raw_len, err) < 0)
		return -1;
	d->segments_left = left;
	return 0;
}
