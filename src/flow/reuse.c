/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/reuse.h"

#include <stdio.h>

#include "flow/reuse_plan.h"
#include "io/layout.h"
#include "io/zstd.h"

bool reuse_is_offered(const struct image *image)
{
	return image->chunks.size && image->data.size;
}

/* The list comes from the store where an earlier run has put it. */
static int load_list(
	struct reuse_plan *p, struct buf *coded, struct reuse_cost *cost, struct err *err)
{
	static const struct source_options no_options;
	const struct descriptor *d = &p->r.image->chunks;
	char text[PATH_MAX + 8];
	struct descriptor ignored;

	snprintf(text, sizeof(text), "oci:%s", p->r.store);
	AUTO_SOURCE *store = source_open(text, &no_options, err);
	if (store && source_blob(store, d, coded, err) == 0)
		return 0;
	coded->len = 0;
	cost->list_bytes = d->size;
	if (source_blob(p->r.source, d, coded, err) < 0)
		return err_wrap(err, "%s", source_name(p->r.source));
	return p->r.dry ? 0 : layout_blob_put(p->r.store, coded->data, coded->len, &ignored, err);
}

static int decode_list(struct reuse_plan *p, const struct buf *coded, struct err *err)
{
	uint64_t len = zstd_raw_len(coded->data, coded->len);
	struct zstd_decoder *zstd;
	size_t used;

	if (len == 0 || len > CHUNK_LIST_MAX_BYTES)
		return err_set(err, OTA_CORRUPT, "chunk list: no zstd frame of one");
	p->list_bytes = malloc(len);
	zstd = zstd_decoder_new(err);
	int rc = !zstd            ? -1
		 : !p->list_bytes ? err_set(err, OTA_FAILED, "out of memory")
				  : zstd_decode(zstd, coded->data, coded->len, p->list_bytes, len,
					    &used, err);
	zstd_decoder_free(zstd);
	if (rc == 0 && used != coded->len)
		return err_set(err, OTA_CORRUPT, "chunk list: bytes behind the frame");
	return rc < 0 ? -1 : chunks_open(p->list_bytes, len, &p->list, err);
}

static int open_list(struct reuse_plan *p, struct reuse_cost *cost, struct err *err)
{
	AUTO_BUF coded = BUF(CHUNK_LIST_MAX_BYTES + CHUNK_LIST_MAX_BYTES / 128);

	if (load_list(p, &coded, cost, err) < 0 || decode_list(p, &coded, err) < 0)
		return -1;
	if (p->list.raw_bytes != p->r.index->raw_bytes ||
		p->list.data_bytes != p->r.image->data.size)
		return err_set(err, OTA_CORRUPT, "chunk list: it is of another image");
	p->places = calloc(p->list.n_chunks + 1, sizeof(*p->places));
	p->parts = calloc(p->list.n_groups + 1, sizeof(*p->parts));
	if (!p->places || !p->parts)
		return err_set(err, OTA_FAILED, "out of memory");
	struct chunk_group group = {0};
	while (chunks_next_group(&p->list, &group))
		p->parts[group.number].group = group;
	return 0;
}

/* A slot that is not there or cannot be read has nothing. */
static void open_slots(struct reuse_plan *p)
{
	const char *const paths[] = {p->r.running, p->r.other};
	struct err none;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (!paths[i] || slot_open(&p->slots[i], paths[i], SLOT_FOR_READING, &none) < 0)
			p->slots[i].fd = -1;
}

void piece_seek(const struct chunk_list *list, struct chunk_piece *piece, uint64_t raw_offset)
{
	while (piece->raw_offset + piece->raw_len <= raw_offset && chunks_next_piece(list, piece))
		;
}

const struct part *part_of(const struct reuse_plan *p, uint32_t chunk)
{
	uint32_t low = 0, high = p->list.n_groups;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (p->parts[middle].group.first_chunk <= chunk)
			low = middle;
		else
			high = middle;
	}
	return &p->parts[low];
}

uint64_t chunk_offset(const struct reuse_plan *p, const struct part *part, uint32_t chunk)
{
	uint64_t offset = part->group.raw_offset;

	for (uint32_t i = part->group.first_chunk; i < chunk; i++)
		offset += chunks_get(&p->list, i).len;
	return offset;
}

uint64_t dictionary_offset(const struct reuse_plan *p, const struct part *part)
{
	uint64_t end = part->group.section_offset, most = p->list.dictionary_bytes;

	return end > most ? end - most : 0;
}

/* Of the cells that are to be made, each chunk that was not found wants its group. */
static void want_missing(struct reuse_plan *p, struct reuse_cost *cost)
{
	struct chunk_piece piece = {0};
	struct frame f = {0};

	while (index_next(p->r.index, &f)) {
		if (f.zeros || frame_set_has(p->r.have, &f))
			continue;
		piece_seek(&p->list, &piece, f.raw_offset);
		struct chunk_piece in = piece;
		do {
			if (in.zeros)
				continue;
			if (p->places[in.chunk].kind == PLACE_NOWHERE)
				p->parts[part_of(p, in.chunk)->group.number].wanted = true;
			else
				cost->found_bytes += in.raw_len;
			if (p->places[in.chunk].kind == PLACE_OTHER)
				cost->room_bytes += in.raw_len;
		} while (in.raw_offset + in.raw_len < f.raw_offset + f.raw_len &&
			 chunks_next_piece(&p->list, &in));
	}
}

static bool lacks_chunk(const struct reuse_plan *p, const struct part *part)
{
	for (uint32_t i = 0; i < part->group.n_chunks; i++)
		if (p->places[part->group.first_chunk + i].kind == PLACE_NOWHERE)
			return true;
	return false;
}

/* A group is decoded by the chunks before its section, so those are wanted where it is: from the
 * last to the first, since those have dictionaries of their own. */
static void want_dictionaries(struct reuse_plan *p)
{
	uint64_t from = UINT64_MAX, section = UINT64_MAX;
	const struct part *wanted = NULL; /* in this section */

	for (uint32_t i = p->list.n_groups; i-- > 0;) {
		struct part *part = &p->parts[i];
		uint64_t end = part->group.raw_offset + part->group.raw_len;
		if (part->group.section_offset != section && wanted) {
			from = dictionary_offset(p, wanted);
			wanted = NULL;
		}
		section = part->group.section_offset;
		if (end > from && lacks_chunk(p, part))
			part->wanted = true;
		if (part->wanted)
			wanted = part;
	}
}

static void count(const struct reuse_plan *p, struct reuse_cost *cost)
{
	for (uint32_t i = 0; i < p->list.n_groups; i++)
		if (p->parts[i].wanted && p->parts[i].kept)
			cost->kept_bytes += p->parts[i].group.coded_len;
	for (uint32_t i = 0; i < p->list.n_groups; i++)
		if (p->parts[i].wanted)
			cost->room_bytes +=
				(p->parts[i].kept ? 1 : 2) * (uint64_t)p->parts[i].group.raw_len;
	for (uint32_t i = 0, end; i < p->list.n_groups; i = end) {
		end = i + 1;
		if (!part_is_missing(&p->parts[i]))
			continue;
		end = reuse_range_end(p, i);
		cost->requests++;
		cost->data_bytes += p->parts[end - 1].group.coded_offset +
				    p->parts[end - 1].group.coded_len -
				    p->parts[i].group.coded_offset;
	}
}

static int plan(struct reuse_plan *p, struct reuse_cost *cost, struct err *err)
{
	if (open_list(p, cost, err) < 0)
		return -1;
	open_slots(p);
	if (reuse_scan(p, err) < 0)
		return -1;
	want_missing(p, cost);
	want_dictionaries(p);
	if (reuse_open_partial(p, err) < 0)
		return -1;
	count(p, cost);
	return 0;
}

struct reuse_plan *reuse_plan(const struct reuse *r, struct reuse_cost *cost, struct err *err)
{
	struct reuse_plan *p = calloc(1, sizeof(*p));

	*cost = (struct reuse_cost){0};
	if (!p) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	*p = (struct reuse_plan){.r = *r, .slots = {{.fd = -1}, {.fd = -1}}, .partial_fd = -1};
	if (plan(p, cost, err) == 0)
		return p;
	reuse_free(p);
	return NULL;
}

void reuse_free(struct reuse_plan *p)
{
	for (size_t i = 0; i < ARRAY_LEN(p->slots); i++)
		if (p->slots[i].fd >= 0)
			slot_close(&p->slots[i]);
	cleanup_fd(&p->partial_fd);
	free(p->list_bytes);
	free(p->places);
	free(p->parts);
	free(p);
}

int reuse_run(struct reuse_plan *p, const char *blob_path, struct err *err)
{
	return reuse_fetch(p, err) < 0 ? -1 : reuse_make(p, blob_path, err);
}
