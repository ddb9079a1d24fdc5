/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/layer_bring.h"

#include <stdio.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "flow/pull_layer.h"

#define RESERVE_PERCENT 2 /* of the disk, which a layer may not take */

/* A layer that lies about what it holds ends before the disk is full. */
static int read_policy(const char *store, struct unpack_policy *policy, struct err *err)
{
	struct statvfs fs;
	uint64_t have;

	if (statvfs(store, &fs) < 0)
		return err_errno(err, OTA_IO, "%s", store);
	if (dir_free_bytes(store, &have, err) < 0)
		return -1;
	uint64_t reserve = (uint64_t)fs.f_blocks * fs.f_frsize / 100 * RESERVE_PERCENT;
	*policy = (struct unpack_policy){.devices = true,
		.setuid = true,
		.bytes_max = have > reserve ? have - reserve : 0,
		/* a disk without a fixed number of files tells 0 */
		.entries_max = fs.f_files ? fs.f_favail - fs.f_favail / 50 : UINT64_MAX};
	return 0;
}

struct stream {
	const struct layer_origin *origin;
	const struct progress *progress;
	const struct oci_layer *layer;
	const struct sink *sink;
	uint64_t done;
};

static int put(void *ctx, const void *data, size_t len, struct err *err)
{
	struct stream *s = ctx;

	s->done += len;
	progress_advance(s->progress, s->done);
	return s->sink->put(s->sink->ctx, data, len, err);
}

static int supply(void *ctx, const struct sink *sink, struct err *err)
{
	struct stream *s = ctx;
	const struct descriptor *blob = &s->layer->blob;
	const struct sink counted = {put, s};

	s->sink = sink;
	if (s->origin->delta)
		return pull_delta_give(s->origin->delta, &s->layer->diff_id, &counted, err);
	return source_stream(s->origin->source, blob, 0, blob->size, &counted, err);
}

int layer_bring(const char *store, const char *boot_id, const struct layer_origin *origin,
	const struct oci_image *image, size_t number, const struct progress *progress,
	struct err *err)
{
	const struct oci_layer *layer = &image->layers[number];
	struct stream stream = {.origin = origin, .progress = progress, .layer = layer};
	struct layer_job job = {.store = store,
		.boot_id = boot_id,
		.image = image,
		.number = number,
		.supply = {supply, &stream, layer->coding, &layer->blob.digest}};
	char what[48];

	if (origin->delta) {
		job.supply.coding = CODING_PLAIN;
		job.supply.coded = NULL;
	}
	if (read_policy(store, &job.policy, err) < 0)
		return -1;
	snprintf(what, sizeof(what), "layer %zu of %zu", number + 1, image->n_layers);
	progress_step(progress, what,
		origin->delta ? pull_delta_bytes(origin->delta, &layer->diff_id)
			      : layer->blob.size);
	if (pull_layer(&job, err) < 0)
		return -1;
	progress_done(progress);
	return 0;
}
