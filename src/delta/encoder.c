/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "delta/bytes.h"
#include "delta/ops.h"
#include "delta/spots.h"
#include "io/zstd.h"
#include "release/index.h"

/* A group that has grown so far takes no further cell: that one could need its raw size, and half
 * as much again where every byte of a copy differs. */
#define FULL_BYTES (DELTA_GROUP_CODED_MAX / 4)
#define TABLE_CAP ((size_t)DELTA_GROUPS_MAX * DELTA_GROUP_BYTES)
#define HEAD_CAP (DELTA_HEADER_BYTES + TABLE_CAP)

struct delta_encoder {
	struct delta_encoder_spec spec;
	struct zstd_encoder *zstd;
	uint8_t *extra, *coded; /* of this group; memory that is never written to costs nothing */
	size_t extra_len, extra_pending;
	uint8_t *raw; /* the cell as the decoder will see it */
	struct coder coder;
	struct ops ops;
	struct spots *spots;
	uint32_t n_segments;
	uint64_t position, written_bytes, all_segments;
	struct buf table;
	uint32_t n_groups;
};

struct delta_encoder *delta_encoder_new(const struct delta_encoder_spec *spec, struct err *err)
{
	struct delta_encoder *e = calloc(1, sizeof(*e));

	if (e) {
		e->spec = *spec;
		e->table = (struct buf)BUF(TABLE_CAP);
		e->extra = malloc(DELTA_GROUP_CODED_MAX);
		e->coded = malloc(DELTA_GROUP_CODED_MAX);
		e->raw = malloc(spec->cell_bytes);
		e->spots = spots_new();
	}
	if (!e || !e->extra || !e->coded || !e->raw || !e->spots) {
		err_set(err, OTA_FAILED, "out of memory for a delta encoder");
	} else {
		e->zstd = zstd_stream_encoder_new(spec->level, err);
		if (e->zstd)
			return e;
	}
	delta_encoder_free(e);
	return NULL;
}

void delta_encoder_free(struct delta_encoder *e)
{
	if (!e)
		return;
	zstd_encoder_free(e->zstd);
	spots_free(e->spots);
	buf_free(&e->table);
	free(e->extra);
	free(e->coded);
	free(e->raw);
	free(e);
}

static void begin_group(struct delta_encoder *e)
{
	e->extra_len = DELTA_EXTRA_BYTES;
	e->extra_pending = 0;
	e->position = 0;
	coder_encode_begin(&e->coder, e->coded, DELTA_GROUP_CODED_MAX);
	ops_reset(&e->ops);
	spots_reset(e->spots);
}

static int add_extra(
	struct delta_encoder *e, const void *raw, size_t len, bool end, struct err *err)
{
	return zstd_encode_more(
		e->zstd, raw, len, end, e->extra, DELTA_GROUP_CODED_MAX, &e->extra_len, err);
}

static int end_group(struct delta_encoder *e, struct err *err)
{
	uint8_t entry[DELTA_GROUP_BYTES];

	if (e->n_segments == 0)
		return 0;
	if (e->extra_pending && add_extra(e, NULL, 0, true, err) < 0)
		return -1;
	coder_encode_end(&e->coder);
	size_t len = e->extra_len + e->coder.out_len;
	if (!coder_sound(&e->coder) || len > DELTA_GROUP_CODED_MAX)
		return err_set(err, OTA_FAILED, "delta: a group does not fit into %u bytes",
			DELTA_GROUP_CODED_MAX);
	if (e->n_groups == DELTA_GROUPS_MAX)
		return err_set(err, OTA_FAILED, "delta: more than %u groups", DELTA_GROUPS_MAX);
	le_put32(e->extra, (uint32_t)(e->extra_len - DELTA_EXTRA_BYTES));
	le_put32(entry, e->n_segments);
	le_put32(entry + 4, (uint32_t)len);
	if (file_pwrite(e->spec.fd, e->extra, e->extra_len, e->written_bytes, e->spec.name, err) <
			0 ||
		file_pwrite(e->spec.fd, e->coded, e->coder.out_len, e->written_bytes + e->extra_len,
			e->spec.name, err) < 0 ||
		buf_add(&e->table, entry, sizeof(entry), err) < 0)
		return -1;
	e->written_bytes += len;
	e->all_segments += e->n_segments;
	e->n_groups++;
	e->n_segments = 0;
	return 0;
}

static int add_copy(struct delta_encoder *e, const uint8_t *raw, size_t at,
	const struct delta_op *op, const struct delta_base *base, struct err *err)
{
	const struct spots_copy copy = {.raw = e->raw,
		.want = raw,
		.from = at,
		.to = at + op->copy_len,
		.base_offset = op->base_offset,
		.position = e->position + at};

	if (base->read(base->ctx, e->raw + at, op->copy_len, op->base_offset, err) < 0)
		return -1;
	if (ops_code_exact(&e->ops, &e->coder, memcmp(e->raw + at, raw + at, op->copy_len) == 0))
		return 0;
	spots_plan(e->spots, &copy);
	spots_code(e->spots, &e->coder, &copy);
	return 0;
}

static int add_op(struct delta_encoder *e, const uint8_t *raw, size_t raw_len, size_t at,
	const struct delta_op *op, const struct delta_base *base, struct err *err)
{
	if (op->extra_len > raw_len - at || op->copy_len > raw_len - at - op->extra_len ||
		op->extra_len + op->copy_len == 0)
		return err_set(err, OTA_FAILED, "delta: a step reaches outside of its cell");
	ops_code(&e->ops, &e->coder, op, (uint32_t)(raw_len - at), e->position + at);
	memcpy(e->raw + at, raw + at, op->extra_len);
	e->extra_pending += op->extra_len;
	if (op->extra_len && add_extra(e, raw + at, op->extra_len, false, err) < 0)
		return -1;
	return op->copy_len ? add_copy(e, raw, at + op->extra_len, op, base, err) : 0;
}

int delta_encoder_add(struct delta_encoder *e, const uint8_t *raw, size_t raw_len,
	const struct delta_op *ops, size_t n_ops, const struct delta_base *base, struct err *err)
{
	size_t at = 0;

	if (e->n_segments == 0)
		begin_group(e);
	for (size_t n = 0; n < n_ops; n++) {
		if (add_op(e, raw, raw_len, at, &ops[n], base, err) < 0)
			return -1;
		at += ops[n].extra_len + ops[n].copy_len;
	}
	if (at != raw_len)
		return err_set(
			err, OTA_FAILED, "delta: the steps of a cell leave a part of it out");
	e->position += raw_len;
	e->n_segments++;
	if (e->n_segments == DELTA_GROUP_SEGMENTS_MAX ||
		e->extra_len + e->coder.out_len > FULL_BYTES)
		return end_group(e, err);
	return 0;
}

int delta_encoder_end(struct delta_encoder *e, struct buf *head, struct err *err)
{
	uint8_t header[DELTA_HEADER_BYTES];

	if (end_group(e, err) < 0)
		return -1;
	memcpy(header, DELTA_MAGIC, DELTA_MAGIC_BYTES);
	le_put32(header + 8, e->spec.cell_bytes);
	le_put32(header + 12, e->n_groups);
	le_put64(header + 16, e->spec.base_bytes);
	le_put64(header + 24, e->all_segments);
	if (buf_add(head, header, sizeof(header), err) < 0)
		return -1;
	return buf_add(head, e->table.data, e->table.len, err);
}
