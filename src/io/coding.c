/* SPDX-License-Identifier: Apache-2.0 */
#include "io/coding.h"

#include "io/gzip.h"
#include "io/zstd.h"

#define OUT_BYTES (128u << 10)

struct coding_decoder {
	enum coding coding;
	struct gzip_decoder *gzip;
	struct zstd_decoder *zstd;
	bool whole; /* of zstd: no frame is open */
	char out[OUT_BYTES];
};

static int prepare(struct coding_decoder *d, struct err *err)
{
	if (d->coding == CODING_GZIP)
		return (d->gzip = gzip_decoder_new(err)) ? 0 : -1;
	if (d->coding == CODING_ZSTD)
		return (d->zstd = zstd_layer_decoder_new(err)) ? 0 : -1;
	d->whole = true;
	return 0;
}

struct coding_decoder *coding_decoder_new(enum coding coding, struct err *err)
{
	struct coding_decoder *d = calloc(1, sizeof(*d));

	if (!d) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	d->coding = coding;
	if (prepare(d, err) == 0)
		return d;
	coding_decoder_free(d);
	return NULL;
}

void coding_decoder_free(struct coding_decoder *d)
{
	if (!d)
		return;
	gzip_decoder_free(d->gzip);
	zstd_decoder_free(d->zstd);
	free(d);
}

static int step(struct coding_decoder *d, const char *in, size_t len, size_t *used, size_t *made,
	struct err *err)
{
	if (d->coding == CODING_GZIP)
		return gzip_decode(d->gzip, in, len, used, d->out, OUT_BYTES, made, err);
	/* between two frames it would take the mere question for the begin of the next */
	if (len == 0 && d->whole) {
		*used = *made = 0;
		return 0;
	}
	return zstd_decode_some(d->zstd, in, len, used, d->out, OUT_BYTES, made, &d->whole, err);
}

int coding_decode(struct coding_decoder *d, const void *data, size_t len, const struct sink *sink,
	struct err *err)
{
	const char *in = data;
	size_t used, made;

	if (d->coding == CODING_PLAIN)
		return sink->put(sink->ctx, data, len, err);
	do {
		if (step(d, in, len, &used, &made, err) < 0)
			return -1;
		in += used;
		len -= used;
		if (made > 0 && sink->put(sink->ctx, d->out, made, err) < 0)
			return -1;
	} while (len > 0 || made == OUT_BYTES);
	return 0;
}

int coding_end(struct coding_decoder *d, struct err *err)
{
	if (d->coding == CODING_GZIP ? gzip_is_whole(d->gzip) : d->whole)
		return 0;
	return err_set(err, OTA_CORRUPT, "the compressed stream is cut");
}
