/* SPDX-License-Identifier: Apache-2.0 */
#include "io/zstd.h"

#include <zstd.h>

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

int zstd_encode(struct zstd_encoder *e, const void *raw, size_t raw_len, void *out, size_t *out_len,
	struct err *err)
{
	size_t n = ZSTD_compress2((ZSTD_CCtx *)e, out, zstd_bound(raw_len), raw, raw_len);

	if (ZSTD_isError(n))
		return err_set(err, OTA_FAILED, "zstd: %s", ZSTD_getErrorName(n));
	*out_len = n;
	return 0;
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
