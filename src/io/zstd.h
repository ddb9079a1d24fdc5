/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd. Frame by frame, whole frames only: both sides are in memory, so a frame's window costs
 * nothing and a cut frame is always an error. Or a frame piece by piece, for what is taken piece by
 * piece too, with a window of at most 1 MiB. A coder belongs to one thread.
 */
#ifndef OTA_IO_ZSTD_H
#define OTA_IO_ZSTD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ZSTD_LEVEL_MAX 19

struct zstd_encoder;
struct zstd_decoder;

/* The most bytes that a frame of raw_len takes. */
size_t zstd_bound(size_t raw_len);

/* Errors: failed (memory). Free with the matching _free; NULL is fine. */
struct zstd_encoder *zstd_encoder_new(int level, struct err *err) MUST_USE;
struct zstd_decoder *zstd_decoder_new(struct err *err) MUST_USE;
void zstd_encoder_free(struct zstd_encoder *e);
void zstd_decoder_free(struct zstd_decoder *d);

/* All frames from now on refer to these bytes, too, until others are given; they are copied.
 * Errors: failed. */
int zstd_encoder_dictionary(
	struct zstd_encoder *e, const void *data, size_t len, struct err *err) MUST_USE;
int zstd_decoder_dictionary(
	struct zstd_decoder *d, const void *data, size_t len, struct err *err) MUST_USE;

/* One frame that tells its raw size. `out` has room for zstd_bound(raw_len). */
int zstd_encode(struct zstd_encoder *e, const void *raw, size_t raw_len, void *out, size_t *out_len,
	struct err *err) MUST_USE;

/* What the first frame of `in` says of its raw size; 0 where it says none, or is none. */
uint64_t zstd_raw_len(const void *in, size_t in_len);

/* Decodes the first frame of `in` into exactly raw_len bytes and tells how many bytes of `in` it
 * took. A frame that is cut, damaged, of another raw size or that does not tell its size is
 * OTA_CORRUPT; never writes past raw_len. */
int zstd_decode(struct zstd_decoder *d, const void *in, size_t in_len, void *raw, size_t raw_len,
	size_t *used, struct err *err) MUST_USE;

/* For zstd_encode_more() alone: some 1 to 3 MiB at level 3. Errors: failed. */
struct zstd_encoder *zstd_stream_encoder_new(int level, struct err *err) MUST_USE;

/* Appends to `out` what there is to write so far, at `end` the rest of the frame; the next call
 * then starts another. Errors: failed (over `room`). */
int zstd_encode_more(struct zstd_encoder *e, const void *raw, size_t raw_len, bool end, void *out,
	size_t room, size_t *out_len, struct err *err) MUST_USE;

/* Starts afresh: a frame that was begun is forgotten. Errors: failed. */
int zstd_decode_begin(struct zstd_decoder *d, struct err *err) MUST_USE;

/* Gives the next raw_len bytes, and tells how many of `in` it took; the rest is for the next call.
 * Errors: corrupt (`in` ends before, is damaged, or wants a larger window). */
int zstd_decode_more(struct zstd_decoder *d, const void *in, size_t in_len, void *raw,
	size_t raw_len, size_t *used, struct err *err) MUST_USE;

/* For zstd_decode_some() alone, with a window of at most 8 MiB. Errors: failed. */
struct zstd_decoder *zstd_layer_decoder_new(struct err *err) MUST_USE;

/* Takes some of `in` and makes some of `out`, frames one behind the other; tells how much of each,
 * and whether no frame is open. Errors: corrupt. */
int zstd_decode_some(struct zstd_decoder *d, const void *in, size_t in_len, size_t *used, void *out,
	size_t room, size_t *made, bool *whole, struct err *err) MUST_USE;

#endif
