/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/transfer.h"

#include <string.h>

#include "base/interrupt.h"
#include "base/pool.h"

/* One thread more than there are cores, since they wait for the disk at times; but each costs
 * memory, and four cores are faster than the disks that come with them. */
#define MAX_THREADS 4

/* Bytes that nobody wants cost less than another request. */
#define GAP_BYTES 4096
#define LANE_BYTES_MIN (1u << 20)
#define LANE_BYTES_MAX (8u << 20)
#define LANE_TRIES 3

struct job {
	struct frame frame;
	uint8_t *coded;
	struct frame_decoder *decoder; /* until it is given back to the rack */
};

/* A stretch of the layer that comes as one stream, and where it stands. */
struct lane {
	struct frame frame; /* the one that is awaited or half there */
	bool more;          /* is there one? */
	uint64_t end;       /* of the stretch */
	uint8_t *coded;     /* what is half there; its buffer goes to a job, whose one comes back */
	size_t filled;
	uint64_t at; /* offset of the next byte of the stream */
};

struct receiver {
	const struct transfer *t;
	struct pool *pool;
	struct decoder_rack rack;
	struct frame_set taken; /* received and given to the pool, or there before */
	struct frame next;      /* up to here, all frames are taken or given to a lane */
	bool more;              /* is it one that is wanted? */
	uint64_t left_bytes;    /* of wanted frames from there on */
	struct lane lanes[HTTP_LANES_MAX];
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

/* The next frame that did not come yet. */
static bool next_wanted(const struct receiver *r, struct frame *f)
{
	while (index_next(r->t->index, f))
		if (!frame_set_has(&r->taken, f))
			return true;
	return false;
}

/* Takes the lane's frame, which is all there, to the workers. */
static int submit(struct receiver *r, struct lane *lane, struct err *err)
{
	struct job *job = pool_take(r->pool, err);

	if (!job)
		return -1;
	uint8_t *coded = job->coded;
	job->coded = lane->coded;
	lane->coded = coded;
	job->frame = lane->frame;
	pool_submit(r->pool);
	frame_set_add(&r->taken, &lane->frame);
	lane->filled = 0;
	lane->more = next_wanted(r, &lane->frame) && lane->frame.coded_offset < lane->end;
	return 0;
}

/* Takes what belongs to the awaited frame from a piece of the stream; returns how much it was. */
static int take_bytes(struct receiver *r, struct lane *lane, const uint8_t *data, size_t len,
	size_t *taken, struct err *err)
{
	if (lane->at < lane->frame.coded_offset) { /* lies between */
		uint64_t gap = lane->frame.coded_offset - lane->at;
		*taken = gap < len ? (size_t)gap : len;
		return 0;
	}
	size_t left = lane->frame.coded_len - lane->filled;
	*taken = len < left ? len : left;
	memcpy(lane->coded + lane->filled, data, *taken);
	lane->filled += *taken;
	return lane->filled == lane->frame.coded_len ? submit(r, lane, err) : 0;
}

static int receive(
	struct receiver *r, struct lane *lane, const void *data, size_t len, struct err *err)
{
	const uint8_t *bytes = data;

	if (interrupt_check(err) < 0)
		return -1;
	for (size_t taken; len > 0 && lane->more; len -= taken, bytes += taken, lane->at += taken)
		if (take_bytes(r, lane, bytes, len, &taken, err) < 0)
			return -1;
	return 0;
}

static int put_first_lane(void *ctx, const void *data, size_t len, struct err *err)
{
	struct receiver *r = ctx;

	return receive(r, &r->lanes[0], data, len, err);
}

static int put_lane(void *ctx, unsigned lane, const void *data, size_t len, struct err *err)
{
	struct receiver *r = ctx;

	return receive(r, &r->lanes[lane], data, len, err);
}

/* Gives the lane its next stretch: to the next frame that is there already, and at most max_bytes;
 * to the last one that is not from a server that gives whole files only. */
static bool give_stretch(struct receiver *r, struct lane *lane, uint64_t max_bytes)
{
	bool ranges = source_has_ranges(r->t->source);
	const uint64_t begin = r->next.coded_offset;

	if (!r->more)
		return false;
	*lane = (struct lane){
		.frame = r->next, .more = true, .coded = lane->coded, .at = begin, .end = begin};
	do {
		lane->end = r->next.coded_offset + r->next.coded_len;
		r->left_bytes -= r->next.coded_len;
		r->more = next_wanted(r, &r->next);
	} while (r->more && (!ranges || (r->next.coded_offset - lane->end <= GAP_BYTES &&
						lane->end - begin < max_bytes)));
	return true;
}

/* The later, the smaller: all lanes are to end at the same time. */
static uint64_t lane_bytes(const struct receiver *r)
{
	uint64_t share = r->left_bytes / (2 * HTTP_LANES_MAX);

	return share < LANE_BYTES_MIN   ? LANE_BYTES_MIN
	       : share > LANE_BYTES_MAX ? LANE_BYTES_MAX
					: share;
}

static bool next_for_lane(void *ctx, unsigned n, struct http_range *range)
{
	struct receiver *r = ctx;
	struct lane *lane = &r->lanes[n];

	if (!give_stretch(r, lane, lane_bytes(r)))
		return false;
	*range = (struct http_range){lane->at, lane->end - lane->at, r->t->layer->size};
	return true;
}

/* Goes back to the first frame that has not come. */
static void begin_anew(struct receiver *r)
{
	struct frame f = {0};

	r->next = f;
	r->more = next_wanted(r, &r->next);
	r->left_bytes = 0;
	while (next_wanted(r, &f))
		r->left_bytes += f.coded_len;
}

static int alloc_lanes(struct receiver *r, unsigned n, struct err *err)
{
	for (unsigned i = 0; i < n; i++)
		if (!r->lanes[i].coded && !(r->lanes[i].coded = coded_alloc(err)))
			return -1;
	return 0;
}

/* What the lanes leave, since they gave up, is left to the first one alone. */
static int receive_on_lanes(struct receiver *r, unsigned n, struct err *err)
{
	const struct http_lanes_user user = {next_for_lane, put_lane, r};

	if (alloc_lanes(r, n, err) < 0)
		return -1;
	source_stream_lanes(r->t->source, r->t->layer, n, &user);
	begin_anew(r);
	return 0;
}

/* A server that is far away is seen to answer a range before it is asked for several at once. */
static int receive_all(struct receiver *r, struct err *err)
{
	const struct sink sink = {put_first_lane, r};
	struct lane *first = &r->lanes[0];
	unsigned n, tries = r->t->in_order ? 0 : LANE_TRIES;

	do {
		n = tries ? source_lanes(r->t->source) : 1;
		if (!give_stretch(r, first, n > 1 ? LANE_BYTES_MIN : UINT64_MAX))
			break;
		if (source_stream(r->t->source, r->t->layer, first->at, first->end - first->at,
			    &sink, err) < 0)
			return -1;
		n = tries ? source_lanes(r->t->source) : 1;
		if (n > 1 && r->more && tries-- && receive_on_lanes(r, n, err) < 0)
			return -1;
	} while (r->more);
	return pool_drain(r->pool, err);
}

/* What was received before the source failed is kept, too: nothing of it comes twice. */
static int run(struct receiver *r, struct err *err)
{
	struct err worse;

	begin_anew(r);
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

	if (decoder_rack_init(&r->rack, n_decoders, r->t->index->cell_bytes, err) < 0 ||
		alloc_lanes(r, 1, err) < 0 || frame_set_init(&r->taken, r->t->index, err) < 0)
		return -1;
	frame_set_merge(&r->taken, r->t->have, r->t->index);
	AUTO_POOL *pool = pool_start(&spec, err);
	r->pool = pool;
	return pool && run(r, err) == 0 ? 0 : explain(err);
}

int transfer_run(const struct transfer *t, struct err *err)
{
	struct receiver r = {.t = t, .done_bytes = frame_set_bytes(t->have, t->index)};
	int rc = run_pool(&r, err);

	decoder_rack_free(&r.rack);
	cleanup_frame_set(&r.taken);
	for (unsigned i = 0; i < HTTP_LANES_MAX; i++)
		free(r.lanes[i].coded);
	return rc;
}
