/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/scan.h"

#include "base/file.h"
#include "base/interrupt.h"
#include "base/pool.h"

struct job {
	struct frame frame;
	uint64_t offset; /* of the piece, in the slot */
	size_t len;
	bool is_last, holds; /* the frame's last piece; is it there? */
	uint8_t *bytes;      /* a cell of a slot, or the coded bytes of a frame */
};

struct scan {
	const struct frame_index *index;
	struct slot *slot; /* NULL: a layer's file */
	int fd;
	struct frame_set *found;
	const struct progress *progress;
	struct decoder_rack rack; /* for a layer */
	bool all_pieces;          /* of the frame so far */
	uint64_t done_bytes;
};

static int prepare(void *arg, void *ctx, struct err *err)
{
	const struct scan *s = ctx;
	struct job *job = arg;

	if (!s->slot) {
		job->bytes = coded_alloc(err);
		return job->bytes ? 0 : -1;
	}
	job->bytes = slot_alloc(s->index->cell_bytes);
	return job->bytes ? 0 : err_set(err, OTA_FAILED, "out of memory");
}

static void release(void *arg)
{
	struct job *job = arg;

	free(job->bytes);
}

/* A part that never arrived reads short or as zeros: an answer, not an error. */
static int work_layer(struct job *job, struct scan *s, struct err *err)
{
	const struct frame *f = &job->frame;
	struct frame_decoder *d = decoder_take(&s->rack, job->bytes);

	if (file_pread(s->fd, job->bytes, f->coded_len, f->coded_offset, "partial layer", err) == 0)
		job->holds = frame_decode(d, f, s->index->cell_bytes, err) == 0;
	decoder_give(&s->rack, d);
	return !job->holds && err->code == OTA_IO ? -1 : 0;
}

static int work_slot(struct job *job, const struct scan *s, struct err *err)
{
	struct digest digest;

	if (slot_read(s->slot, job->bytes, job->len, job->offset, err) < 0)
		return -1;
	if (job->frame.zeros) {
		job->holds = mem_is_zero(job->bytes, job->len);
		return 0;
	}
	if (digest_of(job->bytes, job->len, &digest, err) < 0)
		return -1;
	job->holds = digest_equal(&digest, &job->frame.digest);
	return 0;
}

static int work(void *arg, void *ctx, struct err *err)
{
	struct scan *s = ctx;
	struct job *job = arg;

	job->holds = false;
	return s->slot ? work_slot(job, s, err) : work_layer(job, s, err);
}

static int reap(void *arg, void *ctx, struct err *err)
{
	const struct job *job = arg;
	struct scan *s = ctx;

	(void)err;
	s->all_pieces = s->all_pieces && job->holds;
	s->done_bytes += s->slot ? job->len : job->frame.coded_len;
	progress_advance(s->progress, s->done_bytes);
	if (!job->is_last)
		return 0;
	if (s->all_pieces)
		frame_set_add(s->found, &job->frame);
	s->all_pieces = true;
	return 0;
}

/* A run of zeros in a slot can be gigabytes: it is read cell by cell. */
static int submit_frame(
	struct pool *pool, const struct scan *s, const struct frame *f, struct err *err)
{
	uint64_t left = f->raw_len, piece = s->slot ? s->index->cell_bytes : f->raw_len;

	while (left > 0) {
		struct job *job = pool_take(pool, err);
		if (!job || interrupt_check(err) < 0)
			return -1;
		job->frame = *f;
		job->offset = f->raw_offset + f->raw_len - left;
		job->len = (size_t)(left < piece ? left : piece);
		left -= job->len;
		job->is_last = left == 0;
		pool_submit(pool);
	}
	return 0;
}

/* Nothing needs to be read of it: it was found before, or it is a hole where zeros belong. */
static bool is_known(struct scan *s, const struct frame *f)
{
	bool known = frame_set_has(s->found, f);

	if (!known && s->slot && f->zeros && slot_is_hole(s->slot, f->raw_offset, f->raw_len)) {
		frame_set_add(s->found, f);
		known = true;
	}
	if (known)
		s->done_bytes += s->slot ? f->raw_len : f->coded_len;
	return known;
}

static int run(struct scan *s, struct err *err)
{
	const struct pool_spec spec = {.job_size = sizeof(struct job),
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = s};
	AUTO_POOL *pool = pool_start(&spec, err);
	struct frame f = {0};

	while (pool && index_next(s->index, &f))
		if (!is_known(s, &f) && submit_frame(pool, s, &f, err) < 0)
			return -1;
	return pool ? pool_drain(pool, err) : -1;
}

static int scan(struct scan *s, struct err *err)
{
	unsigned n_decoders = s->slot ? 0 : pool_default_threads();
	int rc = decoder_rack_init(&s->rack, n_decoders, s->index->cell_bytes, err);

	if (rc == 0)
		rc = run(s, err);
	decoder_rack_free(&s->rack);
	return rc;
}

int scan_layer(int fd, const struct frame_index *index, struct frame_set *found,
	const struct progress *progress, struct err *err)
{
	struct scan s = {
		.index = index, .fd = fd, .found = found, .progress = progress, .all_pieces = true};

	return scan(&s, err);
}

int scan_slot(struct slot *slot, const struct frame_index *index, struct frame_set *found,
	const struct progress *progress, struct err *err)
{
	struct scan s = {.index = index,
		.slot = slot,
		.found = found,
		.progress = progress,
		.all_pieces = true};

	return scan(&s, err);
}
