/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip, by zlib, which is loaded at the first use. Several members, one behind the other, are one
 * stream. A decoder belongs to one thread.
 */
#ifndef OTA_IO_GZIP_H
#define OTA_IO_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct gzip_decoder;

/* Errors: config (no zlib), failed. */
struct gzip_decoder *gzip_decoder_new(struct err *err) MUST_USE;
void gzip_decoder_free(struct gzip_decoder *d); /* NULL is fine */

/* Takes some of `in` and makes some of `out`; tells how much of each. Errors: corrupt. */
int gzip_decode(struct gzip_decoder *d, const void *in, size_t in_len, size_t *used, void *out,
	size_t room, size_t *made, struct err *err) MUST_USE;

/* Does the stream end here? */
bool gzip_is_whole(const struct gzip_decoder *d);

#endif
