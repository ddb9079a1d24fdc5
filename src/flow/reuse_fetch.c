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

int part_reader_init(struct part_reader *r, struct err *err)
{
	*r = (struct part_reader){.zstd = zstd_decoder_new(err),
		.raw = malloc(CHUNK_GROUP_BYTES_MAX),
		.coded = malloc(CHUNK_GROUP_CODED_MAX)};
	if (!r->zstd)
		return -1;
	return r->raw && r->coded ? 0 : err_set(err, OTA_FAILED, "out of memory");
}

void part_reader_free(struct part_reader *r)
{
	zstd_decoder_free(r->zstd);
	free(r->raw);
	free(r->coded);
}

static int decode(struct part_reader *r, const struct part *part, struct err *err)
{
	size_t used;

	r->held = NULL;
	if (zstd_decode(r->zstd, r->coded, part->group.coded_len, r->raw, part->group.raw_len,
		    &used, err) < 0)
		return -1;
	if (used != part->group.coded_len)
		return err_set(err, OTA_CORRUPT, "bytes behind the frame");
	r->held = part;
	return 0;
}

bool part_check(struct part_reader *r, const struct reuse_plan *p, const struct part *part)
{
	const uint8_t *at = r->raw;
	struct digest digest;
	struct err none;

	if (decode(r, part, &none) < 0)
		return false;
	for (uint32_t i = 0; i < part->group.n_chunks; i++) {
		struct chunk chunk = chunks_get(&p->list, part->group.first_chunk + i);
		if (digest_of(at, chunk.len, &digest, &none) < 0 ||
			chunk_hash_of(&digest) != chunk.hash)
			return false;
		at += chunk.len;
	}
	return true;
}

static int read_coded(
	struct part_reader *r, const struct reuse_plan *p, const struct part *part, struct err *err)
{
	return file_pread(p->partial_fd, r->coded, part->group.coded_len, part->group.coded_offset,
		p->partial_path, err);
}

int part_load(
	struct part_reader *r, const struct reuse_plan *p, const struct part *part, struct err *err)
{
	if (r->held == part)
		return 0;
	return read_coded(r, p, part, err) < 0 ? -1 : decode(r, part, err);
}

/* A part that never arrived reads short or as zeros: an answer, not an error. */
static void find_kept(struct reuse_plan *p, struct part_reader *reader)
{
	struct err none;

	for (uint32_t i = 0; i < p->list.n_groups; i++)
		if (p->parts[i].wanted)
			p->parts[i].kept = read_coded(reader, p, &p->parts[i], &none) == 0 &&
					   part_check(reader, p, &p->parts[i]);
}

int reuse_open_partial(struct reuse_plan *p, struct err *err)
{
	int flags = p->r.dry ? O_RDONLY : O_RDWR | O_CREAT;
	struct part_reader reader = {0};
	struct stat st;

	if (store_partial_path(p->r.store, &p->r.image->data.digest, p->partial_path, err) < 0)
		return -1;
	if (p->r.dry && access(p->partial_path, F_OK) < 0)
		return 0;
	p->partial_fd = open(p->partial_path, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (p->partial_fd < 0 || fstat(p->partial_fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", p->partial_path);
	if (st.st_size == 0)
		return 0;
	int rc = part_reader_init(&reader, err);
	if (rc == 0)
		find_kept(p, &reader);
	part_reader_free(&reader);
	return rc;
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
	struct part_reader reader;
	uint32_t part; /* that is coming */
	size_t filled;
	uint64_t done_bytes;
};

/* One that came and is not sound is not kept: the cells that need it are brought whole. */
static int keep_part(struct receiver *r, struct part *part, struct err *err)
{
	if (!part_is_missing(part) || !part_check(&r->reader, r->p, part))
		return 0;
	if (file_pwrite(r->p->partial_fd, r->reader.coded, part->group.coded_len,
		    part->group.coded_offset, r->p->partial_path, err) < 0)
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
		memcpy(r->reader.coded + r->filled, bytes, n);
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
	int rc = part_reader_init(&r.reader, err);

	for (uint32_t i = 0; i < p->list.n_groups; i++)
		total += part_is_missing(&p->parts[i]) ? p->parts[i].group.coded_len : 0;
	progress_step(p->r.progress, "fetch", total);
	if (rc == 0)
		rc = receive_all(&r, err);
	if (rc == 0)
		progress_done(p->r.progress);
	part_reader_free(&r.reader);
	return rc;
}
