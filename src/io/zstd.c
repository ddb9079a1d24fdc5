/* SPDX-License-Identifier: Apache-2.0 */
#include "io/zstd.h"

#include <zstd.h>

#define STREAM_WINDOW_LOG 20
#define QUICK_WINDOW_LOG 18 /* for a device's encoder, which has no memory to spend */
#define QUICK_LEVEL_MAX 6
#define LAYER_WINDOW_LOG 23 /* what level 19 takes */

size_t zstd_bound(size_t raw_len)
{
	return ZSTD_compressBound(raw_len);
}

struct zstd_encoder *zstd_encoder_new(int level, struct err *err)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();

	if (ctx && !ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level)))
		return (struct zstd_encoder *)ctx;
	ZSTD_freeCCtx(ctx);
	err_set(err, OTA_FAILED, "no zstd encoder for level %d", level);
	return NULL;
}

struct zstd_decoder *zstd_decoder_new(struct err *err)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();

	if (!ctx)
		err_set(err, OTA_FAILED, "out of memory for a zstd decoder");
	return (struct zstd_decoder *)ctx;
}

void zstd_encoder_free(struct zstd_encoder *e)
{
	ZSTD_freeCCtx((ZSTD_CCtx *)e);
}

void zstd_decoder_free(struct zstd_decoder *d)
{
	ZSTD_freeDCtx((ZSTD_DCtx *)d);
}

static int check_dictionary(size_t result, struct err *err)
{
	if (ZSTD_isError(result))
		return err_set(err, OTA_FAILED, "zstd dictionary: %s", ZSTD_getErrorName(result));
	return 0;
}

int zstd_encoder_dictionary(struct zstd_encoder *e, const void *data, size_t len, struct err *err)
{
	return check_dictionary(ZSTD_CCtx_loadDictionary((ZSTD_CCtx *)e, data, len), err);
}

int zstd_decoder_dictionary(struct zstd_decoder *d, const void *data, size_t len, struct err *err)
{
	return check_dictionary(ZSTD_DCtx_loadDictionary((ZSTD_DCtx *)d, data, len), err);
}

int zstd_encode(struct zstd_encoder *e, const void *raw, size_t raw_len, void *out, size_t *out_len,
	struct err *err)
{
	size_t n = ZSTD_compress2((ZSTD_CCtx *)e, out, zstd_bound(raw_len), raw, raw_len);

	if (ZSTD_isError(n))
		return err_set(err, OTA_FAILED, "zstd: %s", ZSTD_getErrorName(n));
	*out_len = n;
	return 0;
}

uint64_t zstd_raw_len(const void *in, size_t in_len)
{
	unsigned long long len = ZSTD_getFrameContentSize(in, in_len);

	return len == ZSTD_CONTENTSIZE_UNKNOWN || len == ZSTD_CONTENTSIZE_ERROR ? 0 : len;
}

int zstd_decode(struct zstd_decoder *d, const void *in, size_t in_len, void *raw, size_t raw_len,
	size_t *used, struct err *err)
{
	size_t frame_len = ZSTD_findFrameCompressedSize(in, in_len);

	if (ZSTD_isError(frame_len))
		return err_set(
			err, OTA_CORRUPT, "no whole zstd frame: %s", ZSTD_getErrorName(frame_len));
	/* asked before decoding: a frame that expands too far is refused by its own word */
	if (ZSTD_getFrameContentSize(in, frame_len) != raw_len)
		return err_set(err, OTA_CORRUPT,
			"a zstd frame does not say that it holds %zu bytes", raw_len);
	size_t n = ZSTD_decompressDCtx((ZSTD_DCtx *)d, raw, raw_len, in, frame_len);
	if (ZSTD_isError(n))
		return err_set(err, OTA_CORRUPT, "zstd: %s", ZSTD_getErrorName(n));
	if (n != raw_len)
		return err_set(err, OTA_CORRUPT, "a zstd frame holds %zu bytes instead of %zu", n,
			raw_len);
	*used = frame_len;
	return 0;
}

struct zstd_encoder *zstd_stream_encoder_new(int level, struct err *err)
{
	struct zstd_encoder *e = zstd_encoder_new(level, err);
	int window = level > QUICK_LEVEL_MAX ? STREAM_WINDOW_LOG : QUICK_WINDOW_LOG;

	if (e && ZSTD_isError(ZSTD_CCtx_setParameter((ZSTD_CCtx *)e, ZSTD_c_windowLog, window))) {
		zstd_encoder_free(e);
		err_set(err, OTA_FAILED, "no zstd encoder with a window of 2^%d bytes", window);
		return NULL;
	}
	return e;
}

int zstd_encode_more(struct zstd_encoder *e, const void *raw, size_t raw_len, bool end, void *out,
	size_t room, size_t *out_len, struct err *err)
{
	ZSTD_inBuffer in = {.src = raw, .size = raw_len};
	ZSTD_outBuffer to = {.dst = out, .size = room, .pos = *out_len};
	size_t left;

	do {
		left = ZSTD_compressStream2(
			(ZSTD_CCtx *)e, &to, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(err, OTA_FAILED, "zstd: %s", ZSTD_getErrorName(left));
		if (to.pos == to.size)
			return err_set(err, OTA_FAILED, "zstd: over %zu bytes", room);
	} while (in.pos < in.size || (end && left > 0));
	*out_len = to.pos;
	return 0;
}

int zstd_decode_begin(struct zstd_decoder *d, struct err *err)
{
	ZSTD_DCtx *ctx = (ZSTD_DCtx *)d;

	if (ZSTD_isError(ZSTD_DCtx_reset(ctx, ZSTD_reset_session_only)) ||
		ZSTD_isError(ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, STREAM_WINDOW_LOG)))
		return err_set(err, OTA_FAILED, "no zstd decoder with a window of 2^%d bytes",
			STREAM_WINDOW_LOG);
	return 0;
}

int zstd_decode_more(struct zstd_decoder *d, const void *in, size_t in_len, void *raw,
	size_t raw_len, size_t *used, struct err *err)
{
	ZSTD_inBuffer from = {.src = in, .size = in_len};
	ZSTD_outBuffer to = {.dst = raw, .size = raw_len};

	while (to.pos < to.size) {
		size_t before = from.pos + to.pos;
		size_t n = ZSTD_decompressStream((ZSTD_DCtx *)d, &to, &from);
		if (ZSTD_isError(n))
			return err_set(err, OTA_CORRUPT, "zstd: %s", ZSTD_getErrorName(n));
		if (from.pos + to.pos == before)
			return err_set(err, OTA_CORRUPT, "a zstd frame is cut");
	}
	*used = from.pos;
	return 0;
}

struct zstd_decoder *zstd_layer_decoder_new(struct err *err)
{
	struct zstd_decoder *d = zstd_decoder_new(err);

	if (d && ZSTD_isError(ZSTD_DCtx_setParameter(
			 (ZSTD_DCtx *)d, ZSTD_d_windowLogMax, LAYER_WINDOW_LOG))) {
		zstd_decoder_free(d);
		err_set(err, OTA_FAILED, "no zstd decoder with a window of 2^%d bytes",
			LAYER_WINDOW_LOG);
		return NULL;
	}
	return d;
}

int zstd_decode_some(struct zstd_decoder *d, const void *in, size_t in_len, size_t *used, void *out,
	size_t room, size_t *made, bool *whole, struct err *err)
{
	ZSTD_inBuffer from = {.src = in, .size = in_len};
	ZSTD_outBuffer to = {.dst = out, .size = room};
	size_t left = ZSTD_decompressStream((ZSTD_DCtx *)d, &to, &from);

	if (ZSTD_isError(left))
		return err_set(err, OTA_CORRUPT, "zstd: %s", ZSTD_getErrorName(left));
	*used = from.pos;
	*made = to.pos;
	*whole = left == 0;
	return 0;
}
