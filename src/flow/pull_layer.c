/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/pull_layer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/overlay.h"
#include "base/pipe.h"
#include "base/tree.h"
#include "oci/split.h"

#define PIPE_BYTES (1u << 20)
#define WORK "work"
#define MERGED "merged"

struct run {
	const struct layer_job *job;
	const struct oci_layer *layer;
	char path[PATH_MAX];
	struct pipe *coded, *raw;
	struct digest_state *coded_hash, *raw_hash;
	uint64_t raw_bytes;
	struct split_writer *split;
	int tree_fd, merged_fd;
	struct unpack_result unpacked;
};

/* --- the second thread: from coded bytes to the tar stream --- */

static int put_raw(void *ctx, const void *data, size_t len, struct err *err)
{
	struct run *r = ctx;

	r->raw_bytes += len;
	return digest_add(r->raw_hash, data, len, err) < 0 ? -1
							   : pipe_write(r->raw, data, len, err);
}

static int decode(struct run *r, struct err *err)
{
	const struct sink sink = {put_raw, r};
	AUTO_CODING *decoder = coding_decoder_new(r->job->supply.coding, err);
	struct digest is;
	const void *data;
	size_t len;

	if (!decoder)
		return -1;
	do {
		if (interrupt_check(err) < 0 || pipe_read(r->coded, &data, &len, err) < 0 ||
			(len && coding_decode(decoder, data, len, &sink, err) < 0))
			return -1;
	} while (len > 0);
	if (coding_end(decoder, err) < 0 || digest_end(&r->raw_hash, &is, err) < 0)
		return -1;
	if (!digest_equal(&is, &r->layer->diff_id))
		return err_set(err, OTA_CORRUPT, "its tar stream is not that of the diffID");
	pipe_end(r->raw);
	return 0;
}

static void fail_both(struct run *r, const struct err *why)
{
	pipe_fail(r->coded, why);
	pipe_fail(r->raw, why);
}

static void *decode_thread(void *arg)
{
	struct run *r = arg;
	struct err err;

	if (decode(r, &err) < 0)
		fail_both(r, &err);
	return NULL;
}

/* --- the third: from the tar stream to the tree --- */

static int read_raw(void *ctx, const void **data, size_t *len, struct err *err)
{
	struct run *r = ctx;

	return pipe_read(r->raw, data, len, err);
}

static int add_literal(void *ctx, const void *data, size_t len, struct err *err)
{
	struct run *r = ctx;

	return split_add_literal(r->split, data, len, err);
}

static int add_content(
	void *ctx, const char *path, uint64_t offset, const void *data, size_t len, struct err *err)
{
	struct run *r = ctx;

	return split_add_content(r->split, path, offset, data, len, err);
}

static uint64_t split_bytes_so_far(void *ctx)
{
	const struct run *r = ctx;

	return split_written(r->split);
}

static int make_beside(const struct run *r, const char *name, char path[PATH_MAX], struct err *err)
{
	if (path_join(path, r->path, name, err) < 0)
		return -1;
	return mkdir(path, 0700) == 0 ? 0 : err_errno(err, OTA_IO, "%s", path);
}

/* The layers below, seen beneath this one. */
static int show_lower(void *ctx, struct err *err)
{
	struct run *r = ctx;
	const struct layer_job *job = r->job;
	AUTO_FREE char(*lower)[PATH_MAX] = calloc(job->number + 1, PATH_MAX);
	char work[PATH_MAX], merged[PATH_MAX], upper[PATH_MAX];
	struct overlay_spec spec = {
		.n_lower = job->number, .upper = upper, .work = work, .at = merged};

	if (job->number == 0)
		return -2;
	if (!lower)
		return err_set(err, OTA_FAILED, "out of memory");
	for (size_t i = 0; i < job->number; i++) {
		struct layer_place place;
		if (layers_find(job->store, &job->image->layers[i], job->boot_id, &place, err) <
				0 ||
			path_join(lower[i], place.path, LAYER_DIFF, err) < 0)
			return -1;
		spec.lower[i] = lower[i];
	}
	if (path_join(upper, r->path, LAYER_DIFF, err) < 0 || make_beside(r, WORK, work, err) < 0 ||
		make_beside(r, MERGED, merged, err) < 0)
		return -1;
	return r->merged_fd = overlay_mount(&spec, err);
}

static int unpack(struct run *r, struct err *err)
{
	const struct unpack_spec spec = {.root_fd = r->tree_fd,
		.policy = r->job->policy,
		.read = read_raw,
		.literal = add_literal,
		.content = add_content,
		.beside = split_bytes_so_far,
		.lower = show_lower,
		.ctx = r};

	if (unpack_layer(&spec, &r->unpacked, err) < 0)
		return -1;
	return split_writer_end(r->split, err);
}

static void *unpack_thread(void *arg)
{
	struct run *r = arg;
	struct err err;

	if (unpack(r, &err) < 0)
		fail_both(r, &err);
	cleanup_fd(&r->merged_fd);
	r->merged_fd = -1;
	return NULL;
}

/* --- the first: from the source --- */

static int put_coded(void *ctx, const void *data, size_t len, struct err *err)
{
	struct run *r = ctx;

	return digest_add(r->coded_hash, data, len, err) < 0 ? -1
							     : pipe_write(r->coded, data, len, err);
}

static int receive(struct run *r, struct err *err)
{
	const struct layer_supply *supply = &r->job->supply;
	const struct sink sink = {put_coded, r};
	struct digest is;

	if (supply->run(supply->ctx, &sink, err) < 0 || digest_end(&r->coded_hash, &is, err) < 0)
		return -1;
	if (supply->coded && !digest_equal(&is, supply->coded))
		return err_set(err, OTA_CORRUPT, "its bytes are not those of the digest");
	pipe_end(r->coded);
	return 0;
}

static int run_threads(struct run *r, struct err *err)
{
	pthread_t decoder, unpacker;
	const void *data;
	size_t len;

	if (pthread_create(&decoder, NULL, decode_thread, r) != 0)
		return err_set(err, OTA_FAILED, "no thread");
	bool both = pthread_create(&unpacker, NULL, unpack_thread, r) == 0;
	if (!both)
		err_set(err, OTA_FAILED, "no thread");
	if (!both || receive(r, err) < 0)
		fail_both(r, err);
	pthread_join(decoder, NULL);
	if (both)
		pthread_join(unpacker, NULL);
	/* the first error of all three */
	return pipe_read(r->raw, &data, &len, err);
}

static int open_parts(struct run *r, struct err *err)
{
	char path[PATH_MAX];

	if (path_join(path, r->path, LAYER_DIFF, err) < 0)
		return -1;
	r->tree_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->tree_fd < 0 || path_join(path, r->path, LAYER_SPLIT, err) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	AUTO_FD split_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (split_fd < 0)
		return err_errno(err, OTA_IO, "%s", path);
	r->split = split_writer_new(split_fd, "the layer", err);
	r->coded = pipe_new(PIPE_BYTES, err);
	r->raw = pipe_new(PIPE_BYTES, err);
	r->coded_hash = digest_begin(err);
	r->raw_hash = digest_begin(err);
	return r->split && r->coded && r->raw && r->coded_hash && r->raw_hash ? 0 : -1;
}

static int finish(struct run *r, struct err *err)
{
	/* a layer that replaced its own files cannot be read again as a stream */
	const char *const beside[] = {WORK, MERGED, r->unpacked.replaced ? LAYER_SPLIT : WORK};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(beside); i++)
		if (path_join(path, r->path, beside[i], err) < 0 || tree_discard(path, err) < 0)
			return -1;
	return layers_whole(r->path, r->raw_bytes, &r->unpacked, r->job->boot_id, err);
}

int pull_layer(const struct layer_job *job, struct err *err)
{
	struct run r = {.job = job,
		.layer = &job->image->layers[job->number],
		.tree_fd = -1,
		.merged_fd = -1};
	struct err ignored;

	int rc = layers_begin(job->store, r.layer, r.path, err);
	if (rc == 0)
		rc = open_parts(&r, err);
	if (rc == 0)
		rc = run_threads(&r, err);
	if (rc == 0)
		rc = finish(&r, err);
	split_writer_free(r.split);
	pipe_free(r.coded);
	pipe_free(r.raw);
	digest_drop(&r.coded_hash);
	digest_drop(&r.raw_hash);
	cleanup_fd(&r.tree_fd);
	if (rc < 0 && r.path[0] && tree_discard(r.path, &ignored) < 0)
		return err_wrap(err, "layer %zu", job->number + 1);
	return rc < 0 ? err_wrap(err, "layer %zu", job->number + 1) : 0;
}
