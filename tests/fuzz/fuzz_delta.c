/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "delta/delta.h"
#include "tests/fuzz/fuzz.h"

#define RAW 4096
#define BASE 16384
#define GROUPS_MAX 8

static int read_base(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	const uint8_t *base = ctx;

	(void)err;
	PROMISE(offset <= BASE && len <= BASE - offset);
	memcpy(data, base + offset, len);
	return 0;
}

/* Each cell has memory of its own size, so that a byte written behind its end is seen. */
static void decode(struct delta_decoder *d, const struct delta_base *base, const uint8_t *coded,
	const struct delta_group *group)
{
	struct err err;
	uint8_t *copy = malloc(group->coded_len), *raw = malloc(RAW);
	int rc;

	PROMISE(copy && raw);
	memcpy(copy, coded, group->coded_len);
	rc = delta_decoder_begin(d, copy, group->coded_len, group->n_segments, &err);
	for (uint32_t n = 0; rc == 0 && n < group->n_segments; n++)
		rc = delta_decoder_segment(d, base, raw, RAW - n, &err);
	PROMISE(rc == 0 || err.code == OTA_CORRUPT);
	PROMISE(delta_decoder_segment(d, base, raw, RAW, &err) < 0);
	free(copy);
	free(raw);
}

/* Groups lie within the blob, one behind the other, and nothing reaches outside of them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct delta_decoder *decoder;
	static uint8_t bytes[BASE];
	const struct delta_base base = {read_base, bytes, BASE};
	struct delta_group group = {0};
	struct delta_table table;
	struct err err;
	uint64_t head = 0, segments = 0;

	for (size_t n = 0; !decoder && n < BASE; n++)
		bytes[n] = (uint8_t)(n * n >> 7 ^ n);
	if (!decoder)
		decoder = delta_decoder_new(&err);
	if (!decoder || len < DELTA_HEADER_BYTES || delta_head_bytes(data, &head, &err) < 0 ||
		head > len || delta_open(data, head, &table, &err) < 0)
		return 0;
	for (uint64_t end = head; delta_next(&table, &group); end += group.coded_len) {
		PROMISE(group.offset == end && group.first_segment == segments);
		PROMISE(group.n_segments && group.coded_len);
		segments += group.n_segments;
		if (group.number < GROUPS_MAX && end + group.coded_len <= len)
			decode(decoder, &base, data + end, &group);
	}
	PROMISE(segments == table.n_segments);
	return 0;
}
