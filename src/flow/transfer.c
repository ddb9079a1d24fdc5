/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/transfer.h"

#include <string.h>

#include "base/interrupt.h"
#include "base/pool.h"

/* One thread more than there are cores, since they wait for the disk at times; but each costs
 * memory, and four cores are faster than the disks that come with them. */
#define MAX_THREADS 4

struct job {
	struct frame frame;
	uint8_t *coded;
	struct frame_decoder *decoder; /* until it is given back to the rack */
};

/* Where the receiver stands. */
struct receiver {
	const struct transfer *t;
	struct pool *pool;
	struct decoder_rack rack;
	struct frame frame; /* the one that is awaited or half there */
	bool more;          /* is there one? */
	struct job *job;    /* it is being filled here; NULL before its first byte */
	size_t filled;
	uint64_t at; /* offset of the next byte of the stream */
	uint64_t done_bytes;
};

static int prepare(void *arg, void *ctx, struct err *err)
{
	struct job *job = arg;

	(void)ctx;
	job->coded = coded_alloc(err);
	return job->coded ? 0 : -1;
}

static void release(void *arg)
{
	struct job *job = arg;

	free(job->coded);
}

static int work(void *arg, void *ctx, struct err *err)
{
	struct receiver *r = ctx;
	struct job *job = arg;
	const struct transfer *t = r->t;

	job->decoder = decoder_take(&r->rack, job->coded);
	int rc = frame_decode(job->decoder, &job->frame, t->index->cell_bytes, err);
	if (rc == 0 && t->put)
		rc = t->put(t->ctx, &job->frame, job->decoder, err);
	if (!t->in_order)
		decoder_give(&r->rack, job->decoder);
	return rc;
}

static int reap(void *arg, void *ctx, struct err *err)
{
	struct receiver *r = ctx;
	const struct job *job = arg;
	const struct transfer *t = r->t;

	if (t->in_order) {
		int rc = t->in_order(t->ctx, &job->frame, job->decoder, err);
		decoder_give(&r->rack, job->decoder);
		if (rc < 0)
			return -1;
	}
	frame_set_add(t->have, &job->frame);
	r->done_bytes += job->frame.coded_len;
	progress_advance(t->progress, r->done_bytes);
	return 0;
}

/* The next frame that is not there yet. */
static bool next_wanted(const struct transfer *t, struct frame *f)
{
	while (index_next(t->index, f))
		if (!frame_set_has(t->have, f))
			return true;
	return false;
}

/* Takes what belongs to the awaited frame from a piece of the stream; returns how much it was. */
static int take_bytes(
	struct receiver *r, const uint8_t *data, size_t len, size_t *taken, struct err *err)
{
	if (r->at < r->frame.coded_offset) { /* lies between: a server without ranges */
		uint64_t gap = r->frame.coded_offset - r->at;
		*taken = gap < len ? (size_t)gap : len;
		return 0;
	}
	if (!r->job) {
		r->job = pool_take(r->pool, err);
		if (!r->job)
			return -1;
		r->job->frame = r->frame;
		r->filled = 0;
	}
	size_t left = r->frame.coded_len - r->filled;
	*taken = len < left ? len : left;
	memcpy(r->job->coded + r->filled, data, *taken);
	r->filled += *taken;
	if (r->filled == r->frame.coded_len) {
		pool_submit(r->pool);
		r->job = NULL;
		r->more = next_wanted(r->t, &r->frame);
	}
	return 0;
}

static int receive(void *ctx, const void *data, size_t len, struct err *err)
{
	struct receiver *r = ctx;
	const uint8_t *bytes = data;

	if (interrupt_check(err) < 0)
		return -1;
	for (size_t taken; len > 0 && r->more; len -= taken, bytes += taken, r->at += taken)
		if (take_bytes(r, bytes, len, &taken, err) < 0)
			return -1;
	return 0;
}

/* How far to ask in one go: to the next frame that is there already; to the last that is not from
 * a server that gives whole files only. */
static uint64_t span_end(const struct receiver *r)
{
	bool ranges = source_has_ranges(r->t->source);
	struct frame f = r->frame;
	uint64_t end = f.coded_offset + f.coded_len;

	while (next_wanted(r->t, &f)) {
		if (ranges && f.coded_offset != end)
			break;
		end = f.coded_offset + f.coded_len;
	}
	return end;
}

static int receive_all(struct receiver *r, struct err *err)
{
	const struct sink sink = {receive, r};

	while (r->more) {
		uint64_t end = span_end(r);
		r->at = r->frame.coded_offset;
		if (source_stream(r->t->source, r->t->layer, r->at, end - r->at, &sink, err) < 0)
			return -1;
	}
	return pool_drain(r->pool, err);
}

/* What was received before the source failed is kept, too: nothing of it comes twice. */
static int run(struct receiver *r, struct err *err)
{
	struct err worse;

	r->more = next_wanted(r->t, &r->frame);
	if (receive_all(r, err) == 0)
		return 0;
	if (pool_drain(r->pool, &worse) < 0)
		*err = worse;
	return -1;
}

/* A frame came whole and is not what the signed index says: the source itself is damaged. */
static int explain(struct err *err)
{
	if (err->code == OTA_CORRUPT && !err->hint[0])
		err_hint(err, "damaged at its source? ota inspect SOURCE reads all of it");
	return -1;
}

/* Where frames are wanted in order, each job keeps its decoder until its turn. */
static int run_pool(struct receiver *r, struct err *err)
{
	const unsigned n_cores = pool_default_threads();
	const unsigned n_threads = n_cores < MAX_THREADS ? n_cores + 1 : MAX_THREADS;
	const struct pool_spec spec = {.n_threads = n_threads,
		.n_jobs = n_threads + 1,
		.job_size = sizeof(struct job),
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = r};
	const unsigned n_decoders = r->t->in_order ? spec.n_jobs : n_threads;

	if (decoder_rack_init(&r->rack, n_decoders, r->t->index->cell_bytes, err) < 0)
		return -1;
	AUTO_POOL *pool = pool_start(&spec, err);
	r->pool = pool;
	return pool && run(r, err) == 0 ? 0 : explain(err);
}

int transfer_run(const struct transfer *t, struct err *err)
{
	struct receiver r = {.t = t, .done_bytes = frame_set_bytes(t->have, t->index)};
	int rc = run_pool(&r, err);

	decoder_rack_free(&r.rack);
	return rc;
}
