/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/chunkscan.h"

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/pool.h"
#include "slot/slot.h"

struct job {
	uint8_t *room; /* for what the piece before had left over, then for a piece */
	struct scanned_chunk *chunks;
	size_t n_chunks;
};

/* What the last piece had left over waits here for its next cut. */
struct state {
	const struct chunk_scan *scan;
	uint8_t *rest;
	size_t rest_len;
	uint64_t read_bytes;
};

/* Room for the rest that keeps the piece behind it aligned. */
static size_t rest_room(const struct chunker *c)
{
	return ((size_t)c->max_bytes + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
}

static int prepare(void *arg, void *ctx, struct err *err)
{
	const struct state *s = ctx;
	const struct chunker *c = s->scan->chunker;
	struct job *job = arg;
	size_t room = rest_room(c) + CHUNK_SCAN_BYTES;
	size_t least = c->unit_bytes > 1 ? c->unit_bytes : c->min_bytes;

	job->room = slot_alloc(room);
	job->chunks = calloc(room / least + 1, sizeof(*job->chunks));
	return job->room && job->chunks ? 0 : err_set(err, OTA_FAILED, "out of memory");
}

static void release(void *arg)
{
	struct job *job = arg;

	free(job->room);
	free(job->chunks);
}

static int work(void *arg, void *ctx, struct err *err)
{
	struct job *job = arg;

	(void)ctx;
	for (size_t i = 0; i < job->n_chunks; i++) {
		struct scanned_chunk *c = &job->chunks[i];
		if (!c->zeros && digest_of(c->data, c->len, &c->digest, err) < 0)
			return -1;
	}
	return 0;
}

static int reap(void *arg, void *ctx, struct err *err)
{
	const struct state *s = ctx;
	const struct job *job = arg;

	for (size_t i = 0; i < job->n_chunks; i++)
		if (s->scan->visit(s->scan->ctx, &job->chunks[i], err) < 0)
			return -1;
	if (job->n_chunks) {
		const struct scanned_chunk *last = &job->chunks[job->n_chunks - 1];
		progress_advance(s->scan->progress, last->offset + last->len);
	}
	return 0;
}

/* Cuts off chunks until the next one might go on behind these bytes, and keeps the rest. */
static void cut(struct state *s, struct job *job, const uint8_t *data, size_t len)
{
	const struct chunker *c = s->scan->chunker;
	bool is_end = s->read_bytes == s->scan->bytes;
	uint64_t offset = s->read_bytes - len;

	job->n_chunks = 0;
	while (len > 0 && (is_end || len >= c->max_bytes)) {
		struct scanned_chunk *chunk = &job->chunks[job->n_chunks++];
		*chunk = (struct scanned_chunk){.data = data, .offset = offset};
		chunk->len = chunker_cut(c, data, len, &chunk->zeros);
		data += chunk->len;
		offset += chunk->len;
		len -= chunk->len;
	}
	memcpy(s->rest, data, len);
	s->rest_len = len;
}

static int fill(struct state *s, struct job *job, struct err *err)
{
	uint64_t left = s->scan->bytes - s->read_bytes;
	size_t n = left < CHUNK_SCAN_BYTES ? (size_t)left : CHUNK_SCAN_BYTES;
	uint8_t *piece = job->room + rest_room(s->scan->chunker);

	memcpy(piece - s->rest_len, s->rest, s->rest_len);
	if (s->scan->read(s->scan->read_ctx, piece, n, s->read_bytes, err) < 0)
		return -1;
	s->read_bytes += n;
	cut(s, job, piece - s->rest_len, s->rest_len + n);
	return 0;
}

int chunk_scan(const struct chunk_scan *scan, struct err *err)
{
	AUTO_FREE uint8_t *rest = malloc(scan->chunker->max_bytes);
	struct state s = {.scan = scan, .rest = rest};
	const struct pool_spec spec = {.job_size = sizeof(struct job),
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = &s};
	AUTO_POOL *pool = pool_start(&spec, err);

	if (!rest)
		return err_set(err, OTA_FAILED, "out of memory");
	while (pool && s.read_bytes < scan->bytes) {
		struct job *job = pool_take(pool, err);
		if (!job || interrupt_check(err) < 0 || fill(&s, job, err) < 0)
			return -1;
		pool_submit(pool);
	}
	return pool ? pool_drain(pool, err) : -1;
}
