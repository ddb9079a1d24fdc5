/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/zstd.h"
#include "tests/fuzz/fuzz.h"

#define RAW 4096

/* A frame never yields more than it is asked for, nor takes more than there is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err;
	struct zstd_decoder *decoder = zstd_decoder_new(&err);
	AUTO_FREE uint8_t *raw = malloc(RAW);
	size_t used = 0;

	if (decoder && raw && zstd_decode(decoder, data, len, raw, RAW, &used, &err) == 0)
		PROMISE(used > 0 && used <= len);
	zstd_decoder_free(decoder);
	return 0;
}
