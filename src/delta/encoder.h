/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a delta blob, cell by cell: from what was matched on a build machine, or from what a
 * device found of a release in its own slots.
 *
 *   delta_encoder_new -> delta_encoder_add* -> delta_encoder_end -> delta_encoder_free
 */
#ifndef OTA_DELTA_ENCODER_H
#define OTA_DELTA_ENCODER_H

#include "base/buf.h"
#include "delta/delta.h"

/* One step of a cell: so many bytes that the base lacks, then so many that stand, as they are or
 * nearly, at base_offset. */
struct delta_op {
	uint32_t extra_len, copy_len;
	uint64_t base_offset;
};

struct delta_encoder_spec {
	uint32_t cell_bytes;
	uint64_t base_bytes;
	int level; /* of zstd, for what the base lacks */
	int fd;    /* the coded groups go here, from offset 0 of the file on; the caller's */
	const char *name;
};

struct delta_encoder;
struct delta_encoder *delta_encoder_new(
	const struct delta_encoder_spec *spec, struct err *err) MUST_USE;
void delta_encoder_free(struct delta_encoder *e);

/* The ops make up exactly raw_len bytes. Where the base differs from raw inside of a copy, the
 * difference is coded. Errors: failed, io, space, those of base->read. */
int delta_encoder_add(struct delta_encoder *e, const uint8_t *raw, size_t raw_len,
	const struct delta_op *ops, size_t n_ops, const struct delta_base *base,
	struct err *err) MUST_USE;

/* Ends the last group and appends header and table to `head`; the blob is head, then the file. */
int delta_encoder_end(struct delta_encoder *e, struct buf *head, struct err *err) MUST_USE;

#endif
