/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/pool.h"
#include "io/layout.h"
#include "io/zstd.h"
#include "release/index.h"

struct job {
	struct zstd_encoder *encoder;
	char *raw, *coded;
	struct frame frame;
};

/* What one run needs, from the first cell to the published layer. */
struct encoder {
	const struct encode_spec *spec;
	const struct progress *progress;
	int out_fd;
	char out_path[PATH_MAX];
	struct digest_state *raw_hash, *coded_hash;
	struct index_writer index;
	struct frame zeros; /* the run of zeros that is being gathered */
};

static int work(void *arg, void *ctx, struct err *err)
{
	struct job *job = arg;
	size_t coded_len;

	(void)ctx;
	job->frame.zeros = mem_is_zero(job->raw, job->frame.raw_len);
	memset(&job->frame.digest, 0, sizeof(job->frame.digest));
	if (!job->frame.zeros &&
		digest_of(job->raw, job->frame.raw_len, &job->frame.digest, err) < 0)
		return -1;
	if (zstd_encode(job->encoder, job->raw, job->frame.raw_len, job->coded, &coded_len, err) <
		0)
		return -1;
	job->frame.coded_len = (uint32_t)coded_len;
	return 0;
}

static int end_zeros(struct encoder *e, struct err *err)
{
	if (e->zeros.raw_len && index_add(&e->index, &e->zeros, err) < 0)
		return -1;
	e->zeros = (struct frame){.zeros = true};
	return 0;
}

/* A run of zeros is one entry, as long as its frames fit into one. */
static int add_zeros(struct encoder *e, const struct frame *f, struct err *err)
{
	if (e->zeros.coded_len + f->coded_len > CODED_BYTES_MAX && end_zeros(e, err) < 0)
		return -1;
	e->zeros.raw_len += f->raw_len;
	e->zeros.coded_len += f->coded_len;
	return 0;
}

/* Frames come in order, so what the index holds so far tells where the next one goes. */
static int reap(void *arg, void *ctx, struct err *err)
{
	struct job *job = arg;
	struct encoder *e = ctx;
	struct frame *f = &job->frame;

	f->coded_offset = e->index.coded_bytes + e->zeros.coded_len;
	if (file_pwrite(e->out_fd, job->coded, f->coded_len, f->coded_offset, e->out_path, err) <
			0 ||
		digest_add(e->coded_hash, job->coded, f->coded_len, err) < 0)
		return -1;
	progress_advance(e->progress, f->raw_offset + f->raw_len);
	if (f->zeros)
		return add_zeros(e, f, err);
	return end_zeros(e, err) < 0 ? -1 : index_add(&e->index, f, err);
}

static int prepare(void *arg, void *ctx, struct err *err)
{
	const struct encoder *e = ctx;
	struct job *job = arg;

	job->encoder = zstd_encoder_new(e->spec->level, err);
	job->raw = malloc(e->spec->cell_bytes);
	job->coded = malloc(zstd_bound(e->spec->cell_bytes));
	if (!job->encoder)
		return -1;
	return job->raw && job->coded ? 0 : err_set(err, OTA_FAILED, "out of memory");
}

static void release(void *arg)
{
	struct job *job = arg;

	zstd_encoder_free(job->encoder);
	free(job->raw);
	free(job->coded);
}

static int feed(struct encoder *e, uint64_t raw_bytes, struct err *err)
{
	const struct pool_spec spec = {.job_size = sizeof(struct job),
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = e};
	AUTO_POOL *pool = pool_start(&spec, err);

	for (uint64_t at = 0; pool && at < raw_bytes;) {
		struct job *job = pool_take(pool, err);
		uint64_t left = raw_bytes - at, cell = e->spec->cell_bytes;
		size_t len = (size_t)(left < cell ? left : cell);
		if (!job || interrupt_check(err) < 0 ||
			file_pread(e->spec->fd, job->raw, len, at, e->spec->name, err) < 0 ||
			digest_add(e->raw_hash, job->raw, len, err) < 0)
			return -1;
		job->frame = (struct frame){.raw_offset = at, .raw_len = len};
		pool_submit(pool);
		at += len;
	}
	return pool ? pool_drain(pool, err) : -1;
}

static int measure(const struct encode_spec *spec, uint64_t *size_bytes, struct err *err)
{
	off_t end = lseek(spec->fd, 0, SEEK_END);

	if (end < 0)
		return err_errno(err, OTA_IO, "%s", spec->name);
	if (end == 0)
		return err_set(err, OTA_USAGE, "%s is empty", spec->name);
	*size_bytes = (uint64_t)end;
	return 0;
}

/* Gives the finished layer and its index their names. */
static int publish(struct encoder *e, struct image *result, struct err *err)
{
	char path[PATH_MAX];

	if (end_zeros(e, err) < 0 || digest_end(&e->raw_hash, &result->raw_digest, err) < 0 ||
		digest_end(&e->coded_hash, &result->layer.digest, err) < 0)
		return -1;
	index_end(&e->index);
	result->raw_bytes = e->index.raw_bytes;
	result->layer.size = e->index.coded_bytes;
	strcpy(result->layer.media_type, MEDIA_TYPE_IMAGE);
	strcpy(result->index.media_type, MEDIA_TYPE_INDEX);
	if (layout_blob_path(e->spec->layout, &result->layer.digest, path, err) < 0 ||
		file_publish_fd(e->out_fd, e->out_path, path, 0644, err) < 0)
		return -1;
	return layout_blob_put(
		e->spec->layout, e->index.bytes.data, e->index.bytes.len, &result->index, err);
}

static int encode(struct encoder *e, struct image *result, struct err *err)
{
	uint64_t raw_bytes = 0;
	char path[PATH_MAX];

	if (measure(e->spec, &raw_bytes, err) < 0 ||
		path_join(path, e->spec->layout, "blobs/sha256/layer", err) < 0)
		return -1;
	e->out_fd = file_temp(path, e->out_path, err);
	e->raw_hash = digest_begin(err);
	e->coded_hash = digest_begin(err);
	if (e->out_fd < 0 || !e->raw_hash || !e->coded_hash ||
		index_begin(&e->index, e->spec->cell_bytes, err) < 0)
		return -1;
	progress_step(e->progress, "pack", raw_bytes);
	if (feed(e, raw_bytes, err) < 0)
		return -1;
	progress_done(e->progress);
	return publish(e, result, err);
}

int encode_image(const struct encode_spec *spec, const struct progress *progress,
	struct image *result, struct err *err)
{
	struct encoder e = {
		.spec = spec, .progress = progress, .out_fd = -1, .zeros = {.zeros = true}};
	int rc = encode(&e, result, err);

	if (rc < 0 && e.out_fd >= 0)
		unlink(e.out_path);
	cleanup_fd(&e.out_fd);
	digest_drop(&e.raw_hash);
	digest_drop(&e.coded_hash);
	buf_free(&e.index.bytes);
	return rc;
}
