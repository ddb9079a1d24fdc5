/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/pool.h"
#include "delta/encoder.h"
#include "delta/match.h"

#define HEAD_CAP (DELTA_HEADER_BYTES + (size_t)DELTA_GROUPS_MAX * DELTA_GROUP_BYTES)
#define MOVE_BYTES (1u << 20)

struct view {
	const uint8_t *data;
	uint64_t bytes;
};

struct build {
	const struct delta_build_spec *spec;
	const struct progress *progress;
	struct view base, target;
	struct blocks *blocks;
	struct matcher *matcher;
	struct delta_encoder *encoder;
	struct delta_base from; /* the base as the encoder reads it */
};

struct job {
	uint64_t raw_offset;
	size_t raw_len;
	struct steps steps;
};

static int open_view(struct view *view, int fd, uint64_t bytes, const char *name, struct err *err)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return err_errno(err, OTA_IO, "%s", name);
	if ((uint64_t)end < bytes)
		return err_set(err, OTA_CORRUPT, "%s has %jd bytes instead of %ju", name,
			(intmax_t)end, (uintmax_t)bytes);
	if (bytes == 0)
		return 0;
	void *data = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_errno(err, OTA_IO, "map %s", name);
	*view = (struct view){.data = data, .bytes = bytes};
	return 0;
}

static void close_view(struct view *view)
{
	if (view->data)
		munmap((void *)view->data, (size_t)view->bytes);
}

static int read_base(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	const struct view *base = ctx;

	if (offset > base->bytes || len > base->bytes - offset)
		return err_set(err, OTA_FAILED, "a step copies from outside of the base");
	memcpy(data, base->data + offset, len);
	return 0;
}

/* Notes which blocks of the base the target shares, then sorts the others. */
static int compare(struct build *b, struct err *err)
{
	struct frame f = {0};

	b->blocks = blocks_new(b->base.data, b->base.bytes, err);
	if (!b->blocks)
		return -1;
	progress_step(b->progress, "compare", b->target.bytes);
	while (index_next(b->spec->index, &f)) {
		if (interrupt_check(err) < 0)
			return -1;
		for (uint64_t at = 0; !f.zeros && at + BLOCK_BYTES <= f.raw_len; at += BLOCK_BYTES)
			blocks_share(b->blocks, b->target.data + f.raw_offset + at);
		progress_advance(b->progress, f.raw_offset + f.raw_len);
	}
	b->matcher = matcher_new(b->base.data, b->base.bytes, b->blocks, err);
	progress_done(b->progress);
	return b->matcher ? 0 : -1;
}

static int work(void *arg, void *ctx, struct err *err)
{
	struct job *job = arg;
	const struct build *b = ctx;

	return matcher_find(
		b->matcher, b->target.data + job->raw_offset, job->raw_len, &job->steps, err);
}

/* Cells come in order, which is the order of the delta's segments. */
static int reap(void *arg, void *ctx, struct err *err)
{
	struct job *job = arg;
	struct build *b = ctx;

	progress_advance(b->progress, job->raw_offset + job->raw_len);
	return delta_encoder_add(b->encoder, b->target.data + job->raw_offset, job->raw_len,
		job->steps.ops, job->steps.n, &b->from, err);
}

static void release(void *arg)
{
	struct job *job = arg;

	steps_free(&job->steps);
}

static int encode(struct build *b, struct err *err)
{
	const struct pool_spec spec = {.job_size = sizeof(struct job),
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = b};
	AUTO_POOL *pool = pool_start(&spec, err);
	struct frame f = {0};

	progress_step(b->progress, "delta", b->target.bytes);
	while (pool && index_next(b->spec->index, &f)) {
		if (f.zeros)
			continue;
		struct job *job = pool_take(pool, err);
		if (!job || interrupt_check(err) < 0)
			return -1;
		job->raw_offset = f.raw_offset;
		job->raw_len = (size_t)f.raw_len;
		pool_submit(pool);
	}
	if (!pool || pool_drain(pool, err) < 0)
		return -1;
	progress_done(b->progress);
	return 0;
}

/* The groups were written from offset 0 on, since how long the head is shows at the end: makes room
 * for it, the last bytes first. */
static int put_head(const struct build *b, const struct buf *head, uint64_t bytes, struct err *err)
{
	const struct delta_build_spec *spec = b->spec;
	AUTO_FREE uint8_t *piece = malloc(MOVE_BYTES);

	if (!piece)
		return err_set(err, OTA_FAILED, "out of memory");
	for (uint64_t left = bytes; left > 0;) {
		size_t len = left < MOVE_BYTES ? (size_t)left : MOVE_BYTES;
		left -= len;
		if (file_pread(spec->out_fd, piece, len, left, spec->out_name, err) < 0 ||
			file_pwrite(spec->out_fd, piece, len, left + head->len, spec->out_name,
				err) < 0)
			return -1;
	}
	return file_pwrite(spec->out_fd, head->data, head->len, 0, spec->out_name, err);
}

static int finish(struct build *b, uint64_t *blob_bytes, struct err *err)
{
	AUTO_BUF head = BUF(HEAD_CAP);
	struct delta_table table;

	if (delta_encoder_end(b->encoder, &head, err) < 0 ||
		delta_open(head.data, head.len, &table, err) < 0 ||
		put_head(b, &head, table.blob_bytes - table.head_bytes, err) < 0)
		return -1;
	*blob_bytes = table.blob_bytes;
	return 0;
}

static int build(struct build *b, uint64_t *blob_bytes, struct err *err)
{
	const struct delta_build_spec *spec = b->spec;
	const struct delta_encoder_spec encoder = {.cell_bytes = spec->index->cell_bytes,
		.base_bytes = spec->base_bytes,
		.level = spec->level,
		.fd = spec->out_fd,
		.name = spec->out_name};

	if (open_view(&b->base, spec->base_fd, spec->base_bytes, spec->base_name, err) < 0 ||
		open_view(&b->target, spec->target_fd, spec->index->raw_bytes, spec->target_name,
			err) < 0 ||
		compare(b, err) < 0)
		return -1;
	b->encoder = delta_encoder_new(&encoder, err);
	if (!b->encoder)
		return -1;
	b->from = (struct delta_base){
		.read = read_base, .ctx = &b->base, .size_bytes = b->base.bytes};
	return encode(b, err) < 0 ? -1 : finish(b, blob_bytes, err);
}

int delta_build(const struct delta_build_spec *spec, const struct progress *progress,
	uint64_t *blob_bytes, struct err *err)
{
	struct build b = {.spec = spec, .progress = progress};
	int rc = build(&b, blob_bytes, err);

	delta_encoder_free(b.encoder);
	matcher_free(b.matcher);
	blocks_free(b.blocks);
	close_view(&b.base);
	close_view(&b.target);
	return rc;
}
