/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/le.h"
#include "release/chunks.h"
#include "release/chunks_form.h"

void chunks_begin(struct chunk_writer *w, const struct chunk_list *form)
{
	*w = (struct chunk_writer){
		.head = *form,
		.chunks = BUF((size_t)CHUNKS_MAX * ENTRY_BYTES),
		.groups = BUF((size_t)CHUNK_GROUPS_MAX * ENTRY_BYTES),
		.spans = BUF((size_t)CHUNK_SPANS_MAX * ENTRY_BYTES),
	};
}

static int add_pair(struct buf *b, uint32_t first, uint32_t second, struct err *err)
{
	uint8_t entry[ENTRY_BYTES];

	le_put32(entry, first);
	le_put32(entry + 4, second);
	return buf_add(b, entry, sizeof(entry), err);
}

static int end_span(struct chunk_writer *w, struct err *err)
{
	if (w->open.n == 0)
		return 0;
	w->head.n_spans++;
	return add_pair(&w->spans, w->open.first, w->open.n, err);
}

/* The span goes on where what comes is what it would have next. */
static int grow_span(
	struct chunk_writer *w, uint32_t first, uint32_t n, bool goes_on, struct err *err)
{
	if (goes_on && w->open.n && n <= UINT32_MAX - w->open.n) {
		w->open.n += n;
		return 0;
	}
	if (end_span(w, err) < 0)
		return -1;
	w->open.first = first;
	w->open.n = n;
	return 0;
}

int chunks_add_again(struct chunk_writer *w, uint32_t number, uint32_t len, struct err *err)
{
	bool goes_on = w->open.first != NO_CHUNK && number == w->open.first + w->open.n;

	w->head.raw_bytes += len;
	return grow_span(w, number, 1, goes_on, err);
}

int chunks_add_new(struct chunk_writer *w, const struct chunk *chunk, struct err *err)
{
	uint8_t entry[ENTRY_BYTES];

	le_put64(entry, chunk->hash << LEN_BITS | chunk->len);
	if (buf_add(&w->chunks, entry, sizeof(entry), err) < 0)
		return -1;
	return chunks_add_again(w, w->head.n_chunks++, chunk->len, err);
}

int chunks_add_zeros(struct chunk_writer *w, uint32_t len, struct err *err)
{
	w->head.raw_bytes += len;
	return grow_span(w, NO_CHUNK, len, w->open.first == NO_CHUNK, err);
}

int chunks_add_group(struct chunk_writer *w, uint32_t n_chunks, uint32_t coded_len, struct err *err)
{
	w->head.n_groups++;
	w->head.data_bytes += coded_len;
	return add_pair(&w->groups, n_chunks, coded_len, err);
}

int chunks_end(struct chunk_writer *w, struct buf *bytes, struct err *err)
{
	uint8_t head[CHUNKS_HEAD_BYTES] = {0};

	if (end_span(w, err) < 0)
		return -1;
	memcpy(head, CHUNKS_MAGIC, strlen(CHUNKS_MAGIC));
	le_put32(head + 8, w->head.unit_bytes);
	le_put32(head + 12, w->head.min_bytes);
	le_put32(head + 16, w->head.max_bytes);
	le_put32(head + 20, w->head.n_chunks);
	le_put32(head + 24, w->head.n_groups);
	le_put32(head + 28, w->head.n_spans);
	le_put64(head + 32, w->head.raw_bytes);
	le_put64(head + 40, w->head.data_bytes);
	le_put32(head + 48, w->head.dictionary_bytes);
	le_put32(head + 52, w->head.section_bytes);
	if (buf_add(bytes, head, sizeof(head), err) < 0 ||
		buf_add(bytes, w->chunks.data, w->chunks.len, err) < 0 ||
		buf_add(bytes, w->groups.data, w->groups.len, err) < 0)
		return -1;
	return buf_add(bytes, w->spans.data, w->spans.len, err);
}

void chunks_free(struct chunk_writer *w)
{
	buf_free(&w->chunks);
	buf_free(&w->groups);
	buf_free(&w->spans);
}
