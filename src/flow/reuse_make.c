/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/pool.h"
#include "delta/encoder.h"
#include "flow/reuse_plan.h"

#define LEVEL 3          /* it stays on the device: what counts is the time */
#define THREADS_MAX 2    /* more would mean more memory, and the disk is what is waited for */
#define JOBS 3           /* a cell each */
#define PIECE_BYTES 1024 /* a cell of smaller ones, on the average, is brought whole */

/* What a cell is made of, in the order of the cell. */
enum from { FROM_ZEROS, FROM_SOURCE, FROM_RUNNING, FROM_OTHER };
struct stretch {
	enum from from;
	uint32_t len;
	uint64_t offset; /* in the slot, or in what came */
	bool lacking;    /* it never came, or was not sound */
};

struct job {
	struct frame frame;
	struct chunk_piece piece; /* the one with the cell's first byte */
	bool wanted, made;
	uint8_t *raw;
	struct stretch *stretches;
	struct delta_op *ops;
	size_t n_stretches, n_ops;
};

struct maker {
	struct reuse_plan *p;
	struct delta_encoder *encoder;
	struct delta_base base;
};

static size_t stretches_max(const struct maker *m)
{
	return m->p->r.index->cell_bytes / PIECE_BYTES + 2;
}

static int prepare(void *arg, void *ctx, struct err *err)
{
	const struct maker *m = ctx;
	struct job *job = arg;

	job->raw = slot_alloc(m->p->r.index->cell_bytes);
	job->stretches = calloc(stretches_max(m), sizeof(*job->stretches));
	job->ops = calloc(stretches_max(m) + 1, sizeof(*job->ops));
	return job->raw && job->stretches && job->ops ? 0
						      : err_set(err, OTA_FAILED, "out of memory");
}

static void release(void *arg)
{
	struct job *job = arg;

	free(job->raw);
	free(job->stretches);
	free(job->ops);
}

/* Where `skip` bytes into a piece come from. */
static struct stretch stretch_of(
	const struct reuse_plan *p, const struct chunk_piece *piece, uint64_t skip)
{
	struct stretch s = {.from = FROM_ZEROS};

	if (piece->zeros)
		return s;
	struct place place = p->places[piece->chunk];
	if (place.kind != PLACE_NOWHERE) {
		s.from = place.kind == PLACE_RUNNING ? FROM_RUNNING : FROM_OTHER;
		s.offset = place.offset + skip;
		return s;
	}
	s.from = FROM_SOURCE;
	const struct part *part = part_of(p, piece->chunk);
	s.lacking = !part->kept;
	s.offset = chunk_offset(p, part, piece->chunk) + skip;
	return s;
}

/* Lists what the cell is made of, neighbours that stay neighbours as one. False: too many, or one
 * is lacking. */
static bool list_stretches(struct job *job, const struct maker *m)
{
	const struct chunk_list *list = &m->p->list;
	struct chunk_piece piece = job->piece;
	uint64_t at = job->frame.raw_offset, end = at + job->frame.raw_len;

	job->n_stretches = 0;
	for (; at < end; piece_seek(list, &piece, at)) {
		uint64_t piece_end = piece.raw_offset + piece.raw_len;
		uint64_t stop = piece_end < end ? piece_end : end;
		struct stretch next = stretch_of(m->p, &piece, at - piece.raw_offset);
		struct stretch *last =
			job->n_stretches ? &job->stretches[job->n_stretches - 1] : NULL;
		if (next.lacking)
			return false;
		next.len = (uint32_t)(stop - at);
		at = stop;
		if (last && last->from == next.from &&
			(next.from == FROM_ZEROS || last->offset + last->len == next.offset)) {
			last->len += next.len;
			continue;
		}
		if (job->n_stretches == stretches_max(m))
			return false;
		job->stretches[job->n_stretches++] = next;
	}
	return true;
}

static int read_from(const struct reuse_plan *p, enum from from, void *data, size_t len,
	uint64_t offset, struct err *err)
{
	const struct slot *slot = &p->slots[from == FROM_RUNNING ? 0 : 1];

	if (from == FROM_SOURCE)
		return file_pread(p->partial_fd, data, len, offset, p->partial_path, err);
	return file_pread(slot->fd, data, len, offset, slot->path, err);
}

static int fill_stretch(const struct reuse_plan *p, const struct stretch *s, uint8_t *raw)
{
	struct err none;

	if (s->from != FROM_ZEROS)
		return read_from(p, s->from, raw, s->len, s->offset, &none);
	memset(raw, 0, s->len);
	return 0;
}

static bool fill_cell(struct job *job, const struct maker *m)
{
	uint8_t *raw = job->raw;
	struct digest digest;
	struct err none;

	if (!list_stretches(job, m))
		return false;
	for (size_t i = 0; i < job->n_stretches; raw += job->stretches[i].len, i++)
		if (fill_stretch(m->p, &job->stretches[i], raw) < 0)
			return false;
	return digest_of(job->raw, job->frame.raw_len, &digest, &none) == 0 &&
	       digest_equal(&digest, &job->frame.digest);
}

/* Copies are from the running slot alone: the other one is about to be written. */
static void list_ops(struct job *job)
{
	struct delta_op op = {0};

	job->n_ops = 0;
	for (size_t i = 0; i < job->n_stretches; i++) {
		const struct stretch *s = &job->stretches[i];
		if (s->from != FROM_RUNNING) {
			op.extra_len += s->len;
			continue;
		}
		op.copy_len = s->len;
		op.base_offset = s->offset;
		job->ops[job->n_ops++] = op;
		op = (struct delta_op){0};
	}
	if (op.extra_len)
		job->ops[job->n_ops++] = op;
}

/* A cell that is not made still has its place in the blob: zeros, which cost next to nothing and
 * have another hash than the index says. */
static int work(void *arg, void *ctx, struct err *err)
{
	struct job *job = arg;

	(void)err;
	job->made = job->wanted && fill_cell(job, ctx);
	if (job->made) {
		list_ops(job);
		return 0;
	}
	memset(job->raw, 0, job->frame.raw_len);
	job->ops[0] = (struct delta_op){.extra_len = (uint32_t)job->frame.raw_len};
	job->n_ops = 1;
	return 0;
}

static int reap(void *arg, void *ctx, struct err *err)
{
	struct maker *m = ctx;
	struct job *job = arg;

	if (delta_encoder_add(m->encoder, job->raw, job->frame.raw_len, job->ops, job->n_ops,
		    &m->base, err) < 0)
		return -1;
	if (job->made)
		frame_set_add(m->p->r.have, &job->frame);
	progress_advance(m->p->r.progress, job->frame.raw_offset + job->frame.raw_len);
	return 0;
}

static int read_base(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	return read_from(ctx, FROM_RUNNING, data, len, offset, err);
}

static int make_cells(struct maker *m, struct err *err)
{
	unsigned threads = pool_default_threads();
	const struct pool_spec spec = {.n_threads = threads < THREADS_MAX ? threads : THREADS_MAX,
		.n_jobs = JOBS,
		.job_size = sizeof(struct job),
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.release = release,
		.ctx = m};
	AUTO_POOL *pool = pool_start(&spec, err);
	struct chunk_piece piece = {0};
	struct frame f = {0};

	while (pool && index_next(m->p->r.index, &f)) {
		if (f.zeros)
			continue;
		struct job *job = pool_take(pool, err);
		if (!job || interrupt_check(err) < 0)
			return -1;
		piece_seek(&m->p->list, &piece, f.raw_offset);
		job->frame = f;
		job->piece = piece;
		job->wanted = !frame_set_has(m->p->r.have, &f);
		pool_submit(pool);
	}
	return pool ? pool_drain(pool, err) : -1;
}

/* The blob is its head, then the groups, which were written first. */
static int publish(int groups_fd, const struct buf *head, const char *path, struct err *err)
{
	char tmp[PATH_MAX], data[1 << 14];
	off_t left = lseek(groups_fd, 0, SEEK_END);
	AUTO_FD fd = left < 0 ? -1 : file_temp(path, tmp, err);
	uint64_t at = 0;
	int rc = 0;

	if (left < 0)
		return err_errno(err, OTA_IO, "%s", path);
	if (fd < 0)
		return -1;
	rc = file_pwrite(fd, head->data, head->len, 0, tmp, err);
	while (rc == 0 && left > 0) {
		size_t n = left < (off_t)sizeof(data) ? (size_t)left : sizeof(data);
		rc = file_pread(groups_fd, data, n, at, tmp, err) < 0 ||
				     file_pwrite(fd, data, n, head->len + at, tmp, err) < 0
			     ? -1
			     : 0;
		at += n;
		left -= (off_t)n;
	}
	if (rc == 0)
		rc = file_publish_fd(fd, tmp, path, 0644, err);
	if (rc < 0)
		unlink(tmp);
	return rc;
}

static int make(struct maker *m, int groups_fd, const char *blob_path, struct err *err)
{
	const struct slot *running = &m->p->slots[0];
	const struct delta_encoder_spec spec = {.cell_bytes = m->p->r.index->cell_bytes,
		.base_bytes = running->fd < 0 ? 0 : running->size_bytes,
		.level = LEVEL,
		.fd = groups_fd,
		.name = blob_path};
	AUTO_BUF head = BUF(DELTA_HEADER_BYTES + (size_t)DELTA_GROUP_BYTES * DELTA_GROUPS_MAX);

	m->base = (struct delta_base){read_base, m->p, spec.base_bytes};
	m->encoder = delta_encoder_new(&spec, err);
	progress_step(m->p->r.progress, "make", m->p->r.index->raw_bytes);
	if (!m->encoder || make_cells(m, err) < 0 || delta_encoder_end(m->encoder, &head, err) < 0)
		return -1;
	progress_done(m->p->r.progress);
	return publish(groups_fd, &head, blob_path, err);
}

int reuse_make(struct reuse_plan *p, const char *blob_path, struct err *err)
{
	struct maker m = {.p = p};
	char tmp[PATH_MAX];
	AUTO_FD fd = file_temp(blob_path, tmp, err);

	if (fd < 0)
		return -1;
	unlink(tmp); /* nobody else needs a name for the groups */
	int rc = make(&m, fd, blob_path, err);
	delta_encoder_free(m.encoder);
	return rc;
}
