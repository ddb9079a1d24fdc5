/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/decode.h"

#include <stdlib.h>

#include "base/mem.h"

int frame_decoder_init(struct frame_decoder *d, uint32_t cell_bytes, struct err *err)
{
	d->zstd = zstd_decoder_new(err);
	d->coded = malloc(CODED_BYTES_MAX);
	d->raw = malloc(cell_bytes);
	if (!d->zstd)
		return -1;
	return d->coded && d->raw ? 0 : err_set(err, OTA_FAILED, "out of memory for a frame");
}

void frame_decoder_free(struct frame_decoder *d)
{
	zstd_decoder_free(d->zstd);
	free(d->coded);
	free(d->raw);
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
