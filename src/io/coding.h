/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the bytes of a layer are coded, and taking that off as they come. zlib and libzstd are loaded
 * where they are needed. A decoder belongs to one thread.
 */
#ifndef OTA_IO_CODING_H
#define OTA_IO_CODING_H

#include "io/sink.h"

enum coding { CODING_PLAIN, CODING_GZIP, CODING_ZSTD };

struct coding_decoder;

/* Errors: failed, config (no zlib). */
struct coding_decoder *coding_decoder_new(enum coding coding, struct err *err) MUST_USE;
void coding_decoder_free(struct coding_decoder *d); /* NULL is fine */

/* Takes the next bytes, and gives to the sink what they yield. Memory: 128 KiB, and with zstd a
 * window of at most 8 MiB. Errors: corrupt, those of the sink. */
int coding_decode(struct coding_decoder *d, const void *data, size_t len, const struct sink *sink,
	struct err *err) MUST_USE;

/* All bytes have come. Errors: corrupt (it is cut). */
int coding_end(struct coding_decoder *d, struct err *err) MUST_USE;

static inline void cleanup_coding(struct coding_decoder **d)
{
	coding_decoder_free(*d);
}

#define AUTO_CODING CLEANUP(cleanup_coding) struct coding_decoder

#endif
