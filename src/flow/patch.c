/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/patch.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/pool.h"

struct job {
	struct delta_group group;
	struct frame first; /* the frame of the group's first segment */
	uint64_t made;      /* one bit a segment: its cell is there */
	struct delta_decoder *decoder;
	uint8_t *coded, *raw;
};

/* What one run needs; `frame` and `segment` walk along with the groups. */
struct run {
	const struct patch *r;
	struct delta_table table;
	struct delta_base base;
	struct frame frame;
	uint64_t done_bytes;
};

static int prepare(void *arg, void *ctx, struct err *err)
{
	const struct run *run = ctx;
	struct job *job = arg;

	job->decoder = delta_decoder_new(err);
	job->coded = malloc(DELTA_GROUP_CODED_MAX);
	job->raw = slot_alloc(run->table.cell_bytes);
	if (!job->decoder)
		return -1;
	return job->coded && job->raw ? 0 : err_set(err, OTA_FAILED, "out of memory for a cell");
}

static void release(void *arg)
{
	struct job *job = arg;

	delta_decoder_free(job->decoder);
	free(job->coded);
	free(job->raw);
}

/* The next frame that has a segment. */
static bool next_made(const struct frame_index *index, struct frame *f)
{
	while (index_next(index, f))
		if (!f->zeros)
			return true;
	return false;
}

static bool is_right(const struct job *job, const struct frame *f)
{
	struct digest digest;
	struct err none;

	return digest_of(job->raw, f->raw_len, &digest, &none) == 0 &&
	       digest_equal(&digest, &f->digest);
}

static int make_cells(struct job *job, const struct run *run, struct err *err)
{
	const struct patch *r = run->r;
	struct frame f = job->first;
	struct err why;

	for (uint32_t i = 0; i < job->group.n_segments; i++) {
		if (delta_decoder_segment(job->decoder, &run->base, job->raw, f.raw_len, &why) < 0)
			return 0; /* the rest of the group is not made */
		if (!frame_set_has(r->have, &f) && is_right(job, &f)) {
			if (r->put && r->put(r->ctx, &f, job->raw, err) < 0)
				return -1;
			job->made |= 1ull << i;
		}
		next_made(r->index, &f);
	}
	return 0;
}

static int work(void *arg, void *ctx, struct err *err)
{
	const struct run *run = ctx;
	struct job *job = arg;
	const struct delta_group *g = &job->group;
	struct err why;

	job->made = 0;
	if (file_pread(run->r->fd, job->coded, g->coded_len, g->offset, run->r->name, err) < 0)
		return -1;
	if (delta_decoder_begin(job->decoder, job->coded, g->coded_len, g->n_segments, &why) < 0)
		return 0;
	return make_cells(job, run, err);
}

static int reap(void *arg, void *ctx, struct err *err)
{
	const struct job *job = arg;
	struct run *run = ctx;
	struct frame f = job->first;

	(void)err;
	for (uint32_t i = 0; i < job->group.n_segments; i++) {
		if (job->made >> i & 1)
			frame_set_add(run->r->have, &f);
		next_made(run->r->index, &f);
	}
	run->done_bytes += job->group.coded_len;
	progress_advance(run->r->progress, run->done_bytes);
	return 0;
}

/* Moves on behind the group; tells whether any of its cells is wanted. */
static bool pass_group(struct run *run, const struct delta_group *g)
{
	bool wanted = false;

	for (uint32_t i = 0; i < g->n_segments; i++) {
		wanted = wanted || !frame_set_has(run->r->have, &run->frame);
		next_made(run->r->index, &run->frame);
	}
	return wanted;
}

static int feed(struct run *run, struct err *err)
{
	const struct pool_spec spec = {.job_size = sizeof(struct job),
		.n_jobs = pool_default_threads(), /* a job more would be a decoder more */
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = run};
	AUTO_POOL *pool = pool_start(&spec, err);
	struct delta_group g = {0};

	next_made(run->r->index, &run->frame);
	while (pool && delta_next(&run->table, &g)) {
		struct frame first = run->frame;
		if (interrupt_check(err) < 0)
			return -1;
		if (!pass_group(run, &g))
			continue;
		struct job *job = pool_take(pool, err);
		if (!job)
			return -1;
		job->group = g;
		job->first = first;
		pool_submit(pool);
	}
	return pool ? pool_drain(pool, err) : -1;
}

static uint64_t count_made(const struct frame_index *index)
{
	struct frame f = {0};
	uint64_t n = 0;

	while (next_made(index, &f))
		n++;
	return n;
}

int patch_load_table(
	int fd, const char *name, uint8_t **head, struct delta_table *table, struct err *err)
{
	uint8_t header[DELTA_HEADER_BYTES];
	uint64_t bytes = 0;
	struct stat st;

	if (file_pread(fd, header, sizeof(header), 0, name, err) < 0 ||
		delta_head_bytes(header, &bytes, err) < 0)
		return -1;
	*head = malloc(bytes);
	if (!*head)
		return err_set(err, OTA_FAILED, "out of memory for a delta's table");
	if (file_pread(fd, *head, bytes, 0, name, err) < 0 ||
		delta_open(*head, bytes, table, err) < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", name);
	if (table->blob_bytes != (uint64_t)st.st_size)
		return err_set(err, OTA_CORRUPT, "the delta is cut or has bytes behind its end");
	return 0;
}

/* Header and table, checked against the index and the base. */
static int load_table(struct run *run, uint8_t **head, struct err *err)
{
	const struct patch *r = run->r;

	if (patch_load_table(r->fd, r->name, head, &run->table, err) < 0)
		return -1;
	if (run->table.cell_bytes != r->index->cell_bytes ||
		run->table.n_segments != count_made(r->index))
		return err_set(err, OTA_CORRUPT, "the delta is not for this image");
	if (run->table.base_bytes > r->base->size_bytes)
		return err_set(
			err, OTA_CORRUPT, "the delta's base is larger than slot %s", r->base->path);
	return 0;
}

static int read_base(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	const struct slot *base = ctx;

	return file_pread(base->fd, data, len, offset, base->path, err);
}

int patch_run(const struct patch *r, struct err *err)
{
	AUTO_FREE uint8_t *head = NULL;
	struct run run = {.r = r};

	if (load_table(&run, &head, err) < 0)
		return -1;
	run.base = (struct delta_base){read_base, r->base, run.table.base_bytes};
	return feed(&run, err);
}
