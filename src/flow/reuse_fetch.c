/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "flow/reuse_plan.h"
#include "flow/store.h"
#include "io/zstd.h"

/* What a request costs by itself, headers there and back: what lies between two groups comes along
 * where it is less. */
#define REQUEST_BYTES 512

#define NO_SECTION UINT64_MAX

/* Decodes groups, by the dictionary of their section. */
struct decoder {
	struct zstd_decoder *zstd;
	uint8_t *raw, *coded, *dictionary;
	uint64_t section_offset; /* whose dictionary is loaded */
};

static int decoder_init(struct decoder *d, const struct reuse_plan *p, struct err *err)
{
	*d = (struct decoder){.zstd = zstd_decoder_new(err),
		.raw = malloc(CHUNK_GROUP_BYTES_MAX),
		.coded = malloc(CHUNK_GROUP_CODED_MAX),
		.dictionary = malloc(p->list.dictionary_bytes + 1),
		.section_offset = NO_SECTION};
	if (!d->zstd)
		return -1;
	return d->raw && d->coded && d->dictionary ? 0 : err_set(err, OTA_FAILED, "out of memory");
}

static void decoder_free(struct decoder *d)
{
	zstd_decoder_free(d->zstd);
	free(d->raw);
	free(d->coded);
	free(d->dictionary);
}

int reuse_read(const struct reuse_plan *p, const struct part *part, uint32_t chunk, uint64_t skip,
	uint8_t *data, size_t len, struct err *err)
{
	struct place place = p->places[chunk];

	if (place.kind == PLACE_NOWHERE)
		return file_pread(p->partial_fd, data, len, chunk_offset(p, part, chunk) + skip,
			p->partial_path, err);
	const struct slot *slot = &p->slots[place.kind - PLACE_RUNNING];
	return file_pread(slot->fd, data, len, place.offset + skip, slot->path, err);
}

/* Copies what a group has from `from` on, up to its end. */
static int copy_part(const struct reuse_plan *p, const struct part *part, uint64_t from,
	uint8_t *to, struct err *err)
{
	uint64_t at = part->group.raw_offset;

	for (uint32_t i = 0; i < part->group.n_chunks; i++) {
		uint32_t chunk = part->group.first_chunk + i;
		uint32_t len = chunks_get(&p->list, chunk).len;
		uint64_t skip = at < from ? from - at : 0;
		if (skip < len) {
			size_t n = (size_t)(len - skip);
			if (reuse_read(p, part, chunk, skip, to, n, err) < 0)
				return -1;
			to += n;
		}
		at += len;
	}
	return 0;
}

static int load_dictionary(
	struct decoder *d, const struct reuse_plan *p, const struct part *part, struct err *err)
{
	uint64_t end = part->group.section_offset, from = dictionary_offset(p, part), at = from;
	const struct part *before = part;

	if (d->section_offset == end)
		return 0;
	d->section_offset = NO_SECTION;
	while (before > p->parts && before->group.raw_offset > from)
		before--;
	for (; at < end; before++) {
		if (copy_part(p, before, at, d->dictionary + (at - from), err) < 0)
			return -1;
		at = before->group.raw_offset + before->group.raw_len;
	}
	if (zstd_decoder_dictionary(d->zstd, d->dictionary, (size_t)(end - from), err) < 0)
		return -1;
	d->section_offset = end;
	return 0;
}

static bool is_sound(const uint8_t *raw, const struct reuse_plan *p, const struct part *part)
{
	struct digest digest;
	struct err none;

	for (uint32_t i = 0; i < part->group.n_chunks; i++) {
		struct chunk chunk = chunks_get(&p->list, part->group.first_chunk + i);
		if (digest_of(raw, chunk.len, &digest, &none) < 0 ||
			chunk_hash_of(&digest) != chunk.hash)
			return false;
		raw += chunk.len;
	}
	return true;
}

static bool decode(struct decoder *d, const struct reuse_plan *p, const struct part *part)
{
	struct err none;
	size_t used;

	return load_dictionary(d, p, part, &none) == 0 &&
	       zstd_decode(d->zstd, d->coded, part->group.coded_len, d->raw, part->group.raw_len,
		       &used, &none) == 0 &&
	       used == part->group.coded_len && is_sound(d->raw, p, part);
}

/* A part that never arrived reads short or as zeros: an answer, not an error. */
static void find_kept(struct reuse_plan *p, uint8_t *raw)
{
	struct err none;

	for (uint32_t i = 0; i < p->list.n_groups; i++) {
		struct part *part = &p->parts[i];
		part->kept = part->wanted &&
			     file_pread(p->partial_fd, raw, part->group.raw_len,
				     part->group.raw_offset, p->partial_path, &none) == 0 &&
			     is_sound(raw, p, part);
	}
}

int reuse_open_partial(struct reuse_plan *p, struct err *err)
{
	int flags = p->r.dry ? O_RDONLY : O_RDWR | O_CREAT;
	AUTO_FREE uint8_t *raw = malloc(CHUNK_GROUP_BYTES_MAX);
	struct stat st;

	if (!raw)
		return err_set(err, OTA_FAILED, "out of memory");
	if (store_partial_path(p->r.store, &p->r.image->layer.digest, &p->r.image->data.digest,
		    p->partial_path, err) < 0)
		return -1;
	if (p->r.dry && access(p->partial_path, F_OK) < 0)
		return 0;
	p->partial_fd = open(p->partial_path, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (p->partial_fd < 0 || fstat(p->partial_fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", p->partial_path);
	if (st.st_size > 0)
		find_kept(p, raw);
	return 0;
}

uint32_t reuse_range_end(const struct reuse_plan *p, uint32_t first)
{
	uint32_t end = first + 1;
	uint64_t gap_bytes = 0;

	for (uint32_t i = end; i < p->list.n_groups && gap_bytes <= REQUEST_BYTES; i++) {
		if (part_is_missing(&p->parts[i])) {
			end = i + 1;
			gap_bytes = 0;
		} else
			gap_bytes += p->parts[i].group.coded_len;
	}
	return end;
}

/* Where the receiver stands. */
struct receiver {
	struct reuse_plan *p;
	struct decoder decoder;
	uint32_t part; /* that is coming */
	size_t filled;
	uint64_t done_bytes;
};

/* One that came and is not sound is not kept: the cells that need it are brought whole. */
static int keep_part(struct receiver *r, struct part *part, struct err *err)
{
	if (!part_is_missing(part) || !decode(&r->decoder, r->p, part))
		return 0;
	if (file_pwrite(r->p->partial_fd, r->decoder.raw, part->group.raw_len,
		    part->group.raw_offset, r->p->partial_path, err) < 0)
		return -1;
	part->kept = true;
	return 0;
}

static int take_part(struct receiver *r, struct err *err)
{
	struct part *part = &r->p->parts[r->part++];

	r->filled = 0;
	if (keep_part(r, part, err) < 0)
		return -1;
	r->done_bytes += part->group.coded_len;
	progress_advance(r->p->r.progress, r->done_bytes);
	return 0;
}

static int receive(void *ctx, const void *data, size_t len, struct err *err)
{
	struct receiver *r = ctx;
	const uint8_t *bytes = data;

	if (interrupt_check(err) < 0)
		return -1;
	while (len > 0) {
		size_t left = r->p->parts[r->part].group.coded_len - r->filled;
		size_t n = len < left ? len : left;
		memcpy(r->decoder.coded + r->filled, bytes, n);
		r->filled += n;
		bytes += n;
		len -= n;
		if (n == left && take_part(r, err) < 0)
			return -1;
	}
	return 0;
}

static int receive_all(struct receiver *r, struct err *err)
{
	const struct reuse_plan *p = r->p;
	const struct sink sink = {receive, r};

	for (uint32_t i = 0, end; i < p->list.n_groups; i = end) {
		end = i + 1;
		if (!part_is_missing(&p->parts[i]))
			continue;
		end = reuse_range_end(p, i);
		const struct chunk_group *first = &p->parts[i].group;
		const struct chunk_group *last = &p->parts[end - 1].group;
		uint64_t len = last->coded_offset + last->coded_len - first->coded_offset;
		r->part = i;
		r->filled = 0;
		if (source_stream(p->r.source, &p->r.image->data, first->coded_offset, len, &sink,
			    err) < 0)
			return -1;
	}
	return 0;
}

int reuse_fetch(struct reuse_plan *p, struct err *err)
{
	struct receiver r = {.p = p};
	uint64_t total = 0;
	int rc = decoder_init(&r.decoder, p, err);

	for (uint32_t i = 0; i < p->list.n_groups; i++)
		total += part_is_missing(&p->parts[i]) ? p->parts[i].group.coded_len : 0;
	progress_step(p->r.progress, "fetch", total);
	if (rc == 0)
		rc = receive_all(&r, err);
	if (rc == 0)
		progress_done(p->r.progress);
	decoder_free(&r.decoder);
	return rc;
}
