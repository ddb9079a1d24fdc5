/* SPDX-License-Identifier: Apache-2.0 */
#include "release/chunks.h"

#include <string.h>

#include "base/le.h"
#include "release/chunks_form.h"

uint64_t chunk_hash_of(const struct digest *digest)
{
	return le_get64(digest->bytes) & HASH_MASK;
}

struct chunk chunks_get(const struct chunk_list *list, uint32_t number)
{
	uint64_t entry = le_get64(list->chunks + (size_t)number * ENTRY_BYTES);

	return (struct chunk){(uint32_t)(entry & LEN_MASK), entry >> LEN_BITS};
}

bool chunks_next_group(const struct chunk_list *list, struct chunk_group *g)
{
	uint32_t number = g->n_chunks ? g->number + 1 : 0;
	const uint8_t *entry = list->groups + (size_t)number * ENTRY_BYTES;

	if (number == list->n_groups)
		return false;
	g->number = number;
	g->first_chunk += g->n_chunks;
	g->coded_offset += g->coded_len;
	g->raw_offset += g->raw_len;
	if (g->raw_offset / list->section_bytes != g->section_offset / list->section_bytes)
		g->section_offset = g->raw_offset;
	g->n_chunks = le_get32(entry);
	g->coded_len = le_get32(entry + 4);
	g->raw_len = 0;
	for (uint32_t i = 0; i < g->n_chunks; i++)
		g->raw_len += chunks_get(list, g->first_chunk + i).len;
	return true;
}

bool chunks_next_piece(const struct chunk_list *list, struct chunk_piece *p)
{
	const uint8_t *entry = list->spans + (size_t)p->span * ENTRY_BYTES;

	if (p->raw_len) { /* of the piece before, whose span may go on */
		p->raw_offset += p->raw_len;
		if (p->zeros || ++p->within == le_get32(entry + 4)) {
			p->span++;
			p->within = 0;
			entry += ENTRY_BYTES;
		}
	}
	if (p->span == list->n_spans)
		return false;
	p->zeros = le_get32(entry) == NO_CHUNK;
	p->chunk = p->zeros ? 0 : le_get32(entry) + p->within;
	p->raw_len = p->zeros ? le_get32(entry + 4) : chunks_get(list, p->chunk).len;
	return true;
}

static int check_chunks(const struct chunk_list *list, struct err *err)
{
	for (uint32_t i = 0; i < list->n_chunks; i++) {
		uint32_t len = chunks_get(list, i).len;
		if (len == 0 || len > list->max_bytes)
			return err_set(err, OTA_CORRUPT, "chunk list: a chunk of %u bytes", len);
	}
	return 0;
}

static int check_groups(const struct chunk_list *list, struct err *err)
{
	uint64_t chunks = 0, coded = 0;

	for (uint32_t i = 0; i < list->n_groups; i++) {
		uint32_t n = le_get32(list->groups + (size_t)i * ENTRY_BYTES);
		uint32_t len = le_get32(list->groups + (size_t)i * ENTRY_BYTES + 4);
		uint64_t raw = 0;
		if (n == 0 || n > list->n_chunks - chunks || len == 0 ||
			len > list->data_bytes - coded)
			return err_set(err, OTA_CORRUPT, "chunk list: group %u reaches outside", i);
		for (uint32_t k = 0; k < n; k++)
			raw += chunks_get(list, (uint32_t)chunks + k).len;
		if (raw > CHUNK_GROUP_BYTES_MAX || len > CHUNK_GROUP_CODED_MAX)
			return err_set(err, OTA_CORRUPT, "chunk list: group %u is too large", i);
		chunks += n;
		coded += len;
	}
	if (chunks != list->n_chunks || coded != list->data_bytes)
		return err_set(
			err, OTA_CORRUPT, "chunk list: its groups do not add up to the data");
	return 0;
}

/* How much of the image one span makes; more than is left counts as too much. */
static int check_span(const struct chunk_list *list, uint32_t number, uint64_t left, uint64_t *len,
	struct err *err)
{
	const uint8_t *entry = list->spans + (size_t)number * ENTRY_BYTES;
	uint32_t first = le_get32(entry), n = le_get32(entry + 4);

	*len = first == NO_CHUNK ? n : 0;
	if (n == 0 ||
		(first != NO_CHUNK && (first >= list->n_chunks || n > list->n_chunks - first)))
		return err_set(err, OTA_CORRUPT, "chunk list: span %u reaches outside", number);
	for (uint32_t i = 0; first != NO_CHUNK && i < n && *len <= left; i++)
		*len += chunks_get(list, first + i).len;
	if (*len > left)
		return err_set(
			err, OTA_CORRUPT, "chunk list: span %u reaches past the image", number);
	return 0;
}

static int check_spans(const struct chunk_list *list, struct err *err)
{
	uint64_t left = list->raw_bytes, len;

	for (uint32_t i = 0; i < list->n_spans; i++, left -= len)
		if (check_span(list, i, left, &len, err) < 0)
			return -1;
	if (left)
		return err_set(
			err, OTA_CORRUPT, "chunk list: its spans do not add up to the image");
	return 0;
}

static int check_head(const struct chunk_list *list, size_t len, struct err *err)
{
	uint64_t entries = (uint64_t)list->n_chunks + list->n_groups + list->n_spans;

	if ((list->unit_bytes != 1 && list->unit_bytes != CHUNK_BLOCK_BYTES) ||
		list->min_bytes < CHUNK_BLOCK_BYTES || list->max_bytes < list->min_bytes ||
		list->max_bytes > CHUNK_GROUP_BYTES_MAX || list->min_bytes % list->unit_bytes ||
		list->max_bytes % list->unit_bytes)
		return err_set(err, OTA_CORRUPT, "chunk list: chunks of %u to %u bytes",
			list->min_bytes, list->max_bytes);
	if (list->dictionary_bytes > CHUNK_DICTIONARY_MAX || list->section_bytes == 0)
		return err_set(err, OTA_CORRUPT, "chunk list: a dictionary of %u bytes for %u",
			list->dictionary_bytes, list->section_bytes);
	if (list->n_chunks > CHUNKS_MAX || list->n_groups > CHUNK_GROUPS_MAX ||
		list->n_spans > CHUNK_SPANS_MAX)
		return err_set(err, OTA_CORRUPT, "chunk list: too many entries");
	if ((len - CHUNKS_HEAD_BYTES) / ENTRY_BYTES != entries || len % ENTRY_BYTES)
		return err_set(err, OTA_CORRUPT, "chunk list: %zu bytes for %ju entries", len,
			(uintmax_t)entries);
	if (list->raw_bytes == 0 || list->raw_bytes > INT64_MAX || list->data_bytes > INT64_MAX)
		return err_set(err, OTA_CORRUPT, "chunk list: an image of %ju bytes",
			(uintmax_t)list->raw_bytes);
	return 0;
}

int chunks_open(const void *bytes, size_t len, struct chunk_list *list, struct err *err)
{
	static const uint8_t rest[CHUNKS_HEAD_BYTES - CHUNKS_HEAD_USED];
	const uint8_t *p = bytes;

	if (len < CHUNKS_HEAD_BYTES || len > CHUNK_LIST_MAX_BYTES ||
		memcmp(p, CHUNKS_MAGIC, strlen(CHUNKS_MAGIC)) ||
		memcmp(p + CHUNKS_HEAD_USED, rest, sizeof(rest)))
		return err_set(err, OTA_CORRUPT, "not a chunk list");
	list->unit_bytes = le_get32(p + 8);
	list->min_bytes = le_get32(p + 12);
	list->max_bytes = le_get32(p + 16);
	list->n_chunks = le_get32(p + 20);
	list->n_groups = le_get32(p + 24);
	list->n_spans = le_get32(p + 28);
	list->raw_bytes = le_get64(p + 32);
	list->data_bytes = le_get64(p + 40);
	list->dictionary_bytes = le_get32(p + 48);
	list->section_bytes = le_get32(p + 52);
	if (check_head(list, len, err) < 0)
		return -1;
	list->chunks = p + CHUNKS_HEAD_BYTES;
	list->groups = list->chunks + (size_t)list->n_chunks * ENTRY_BYTES;
	list->spans = list->groups + (size_t)list->n_groups * ENTRY_BYTES;
	if (check_chunks(list, err) < 0 || check_groups(list, err) < 0)
		return -1;
	return check_spans(list, err);
}
