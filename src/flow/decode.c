/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/decode.h"

#include <stdlib.h>

#include "base/mem.h"
#include "slot/slot.h"

static int decoder_init(struct frame_decoder *d, uint32_t cell_bytes, struct err *err)
{
	d->zstd = zstd_decoder_new(err);
	d->raw = slot_alloc(cell_bytes);
	if (!d->zstd)
		return -1;
	return d->raw ? 0 : err_set(err, OTA_FAILED, "out of memory for a frame");
}

int decoder_rack_init(struct decoder_rack *r, unsigned n, uint32_t cell_bytes, struct err *err)
{
	*r = (struct decoder_rack){.cell_bytes = cell_bytes};
	pthread_mutex_init(&r->lock, NULL);
	while (r->n < n) {
		struct frame_decoder *d = &r->decoders[r->n++];
		if (decoder_init(d, cell_bytes, err) < 0)
			return -1;
		decoder_give(r, d);
	}
	return 0;
}

void decoder_rack_free(struct decoder_rack *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		zstd_decoder_free(r->decoders[i].zstd);
		free(r->decoders[i].raw);
	}
	pthread_mutex_destroy(&r->lock);
}

struct frame_decoder *decoder_take(struct decoder_rack *r, uint8_t *coded)
{
	pthread_mutex_lock(&r->lock);
	struct frame_decoder *d = r->free[--r->n_free];
	pthread_mutex_unlock(&r->lock);
	d->coded = coded;
	return d;
}

void decoder_give(struct decoder_rack *r, struct frame_decoder *d)
{
	pthread_mutex_lock(&r->lock);
	r->free[r->n_free++] = d;
	pthread_mutex_unlock(&r->lock);
}

uint8_t *coded_alloc(struct err *err)
{
	uint8_t *coded = malloc(CODED_BYTES_MAX);

	if (!coded)
		err_set(err, OTA_FAILED, "out of memory for a frame");
	return coded;
}

static int decode_data(struct frame_decoder *d, const struct frame *f, struct err *err)
{
	struct digest digest;
	size_t used;

	if (zstd_decode(d->zstd, d->coded, f->coded_len, d->raw, f->raw_len, &used, err) < 0)
		return -1;
	if (used != f->coded_len)
		return err_set(err, OTA_CORRUPT, "bytes behind the frame");
	if (digest_of(d->raw, f->raw_len, &digest, err) < 0)
		return -1;
	return digest_equal(&digest, &f->digest) ? 0
						 : err_set(err, OTA_CORRUPT, "its hash differs");
}

static int decode_zeros(
	struct frame_decoder *d, const struct frame *f, uint32_t cell_bytes, struct err *err)
{
	uint64_t left = f->raw_len;
	size_t at = 0, used;

	for (; left > 0; at += used) {
		size_t cell = left < cell_bytes ? (size_t)left : cell_bytes;
		if (zstd_decode(d->zstd, d->coded + at, f->coded_len - at, d->raw, cell, &used,
			    err) < 0)
			return -1;
		if (!mem_is_zero(d->raw, cell))
			return err_set(err, OTA_CORRUPT, "not all zeros");
		left -= cell;
	}
	return at == f->coded_len ? 0 : err_set(err, OTA_CORRUPT, "bytes behind the frame");
}

int frame_decode(
	struct frame_decoder *d, const struct frame *f, uint32_t cell_bytes, struct err *err)
{
	int rc = f->zeros ? decode_zeros(d, f, cell_bytes, err) : decode_data(d, f, err);

	if (rc < 0)
		err_wrap(err, "frame %ju of the image", (uintmax_t)f->number);
	return rc;
}
