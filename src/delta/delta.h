/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delta blob (application/vnd.ota.delta.v1): how the cells of a target image that are not zeros
 * are made out of a base and of what the base lacks. A segment makes one cell; the segments stand
 * in the order of the target's frame index, its runs of zeros left out. Segments are coded in
 * groups: a group is decoded front to back and alone, so groups are what is fetched, resumed and
 * decoded in parallel.
 *
 *   header, 32 bytes  "OTADELTA", u32 cell size, u32 groups, u64 base size, u64 segments
 *   group, 8 bytes    u32 segments, u32 coded length
 *   ...               the coded groups, one behind the other
 *
 *   group             u32 length, so many bytes of one zstd frame (window: 1 MiB): what the base
 * lacks the rest: one range coded stream of steps (ops.h) and differences (spots.h)
 *
 * All little endian. Offsets are running sums, so that groups cannot overlap or point outside.
 * What a segment gives counts for nothing until its hash is the one in the signed index. Pure; the
 * base is read through the caller.
 */
#ifndef OTA_DELTA_DELTA_H
#define OTA_DELTA_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define MEDIA_TYPE_DELTA "application/vnd.ota.delta.v1"
#define DELTA_HEADER_BYTES 32
#define DELTA_GROUP_BYTES 8
#define DELTA_GROUP_SEGMENTS_MAX 64
#define DELTA_GROUP_CODED_MAX (2u << 20)
#define DELTA_GROUPS_MAX (1u << 20)
#define DELTA_BASE_BYTES_MAX (UINT64_C(1) << 43)

/* Where copies come from. read() gives exactly len bytes or fails; several threads at once. */
struct delta_base {
	int (*read)(void *ctx, void *data, size_t len, uint64_t offset, struct err *err);
	void *ctx;
	uint64_t size_bytes;
};

/* A checked view of header and group table that somebody else owns. */
struct delta_table {
	const uint8_t *groups;
	uint32_t cell_bytes, n_groups;
	uint64_t base_bytes, n_segments;
	uint64_t head_bytes; /* of header and table: where the first group stands */
	uint64_t blob_bytes; /* all of it */
};

struct delta_group {
	uint64_t number, first_segment, offset; /* offset: in the blob */
	uint32_t n_segments, coded_len;
};

/* How long header and table are, by the header alone. Errors: corrupt. */
int delta_head_bytes(
	const uint8_t header[DELTA_HEADER_BYTES], uint64_t *bytes, struct err *err) MUST_USE;

/* Checks header and every entry of the table. Errors: corrupt. */
int delta_open(const void *head, size_t len, struct delta_table *table, struct err *err) MUST_USE;

/* Walks the groups: start with a zeroed group, false at the end. */
bool delta_next(const struct delta_table *table, struct delta_group *group);

/* Decodes one group after the other; belongs to one thread. Memory: a constant (some 3 MiB). */
struct delta_decoder;
struct delta_decoder *delta_decoder_new(struct err *err) MUST_USE;
void delta_decoder_free(struct delta_decoder *d);

/* Starts a group; `coded` stays the caller's until its last segment was taken. */
int delta_decoder_begin(struct delta_decoder *d, const void *coded, size_t len, uint32_t n_segments,
	struct err *err) MUST_USE;

/* Makes the group's next cell: exactly raw_len bytes. After an error nothing more can be taken from
 * this group. Errors: corrupt (never reads outside of the base or the group, never writes past
 * raw_len), those of base->read. */
int delta_decoder_segment(struct delta_decoder *d, const struct delta_base *base, uint8_t *raw,
	size_t raw_len, struct err *err) MUST_USE;

#endif
