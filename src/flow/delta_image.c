/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/delta_image.h"

#include <stdio.h>

#include "base/file.h"
#include "flow/attach.h"
#include "flow/delta_common.h"
#include "flow/image_load.h"
#include "flow/layer_stream.h"
#include "flow/rebuild.h"
#include "flow/writer.h"

/* One of the two images. */
struct side {
	struct source *source;
	struct loaded_image l;
	int fd; /* of tar streams, one behind the other */
	uint64_t bytes;
};

#define SIDE                                                                                       \
	{                                                                                          \
		.l = LOADED_IMAGE, .fd = -1                                                        \
	}

static void side_free(struct side *s)
{
	cleanup_source(&s->source);
	image_load_free(&s->l);
	cleanup_fd(&s->fd);
}

#define AUTO_SIDE CLEANUP(side_free) struct side

/* To the end of the file. */
static int put_raw(void *ctx, const void *data, size_t len, struct err *err)
{
	struct side *s = ctx;

	if (file_pwrite(s->fd, data, len, s->bytes, "a tar stream", err) < 0)
		return -1;
	s->bytes += len;
	return 0;
}

static int decode_layer(struct side *s, const struct oci_layer *layer, struct delta_part *part,
	const struct progress *progress, struct err *err)
{
	const struct sink sink = {put_raw, s};

	part->diff_id = layer->diff_id;
	return layer_stream(s->source, layer, "unpack", &sink, &part->bytes, progress, err);
}

static bool has_layer(const struct oci_image *image, const struct digest *diff_id)
{
	for (size_t i = 0; i < image->n_layers; i++)
		if (digest_equal(&image->layers[i].diff_id, diff_id))
			return true;
	return false;
}

/* All layers of the base, or those of the target that the base lacks, filled up to cells. */
static int decode_layers(struct side *s, const struct oci_image *but, const char *dir,
	struct delta_part *parts, size_t *n, const struct progress *progress, struct err *err)
{
	const struct oci_image *image = &s->l.image;

	s->fd = rebuild_file(dir, err);
	if (s->fd < 0)
		return -1;
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct oci_layer *layer = &image->layers[i];
		if (but && has_layer(but, &layer->diff_id))
			continue;
		if (decode_layer(s, layer, &parts[(*n)++], progress, err) < 0)
			return -1;
		if (but)
			s->bytes = (s->bytes + DELTA_IMAGE_CELL - 1) / DELTA_IMAGE_CELL *
				   DELTA_IMAGE_CELL;
	}
	return ftruncate(s->fd, (off_t)s->bytes) == 0 ? 0 : err_errno(err, OTA_IO, "%s", dir);
}

/* The cells of the target, all of them data. */
static int make_index(
	uint64_t bytes, struct index_writer *w, struct frame_index *index, struct err *err)
{
	const struct frame cell = {.raw_len = DELTA_IMAGE_CELL, .coded_len = 1};

	if (index_begin(w, DELTA_IMAGE_CELL, err) < 0)
		return -1;
	for (uint64_t at = 0; at < bytes; at += DELTA_IMAGE_CELL)
		if (index_add(w, &cell, err) < 0)
			return -1;
	index_end(w);
	return index_open(w->bytes.data, w->bytes.len, index, err);
}

static int make(const struct delta_spec *spec, const char *dir, struct side *from, struct side *to,
	const struct progress *progress, struct delta_result *result, struct err *err)
{
	struct delta_artifact *a = &result->artifact;
	struct index_writer index = {0};
	struct frame_index frames;
	char blobs[PATH_MAX];

	if (path_join(blobs, dir, "blobs/sha256", err) < 0)
		return -1;
	if (decode_layers(from, NULL, blobs, a->base, &a->n_base, progress, err) < 0)
		return err_wrap(err, "%s", spec->from);
	if (decode_layers(to, &from->l.image, blobs, a->made, &a->n_made, progress, err) < 0)
		return err_wrap(err, "%s", spec->to);
	const struct delta_build_spec build = {.base_fd = from->fd,
		.target_fd = to->fd,
		.base_bytes = from->bytes,
		.base_name = spec->from,
		.target_name = spec->to,
		.index = &frames,
		.level = spec->level};
	a->of_layers = true;
	a->subject = to->l.manifest;
	int rc = make_index(to->bytes, &index, &frames, err);
	if (rc == 0)
		rc = delta_put_blob(dir, &build, progress, result, err);
	buf_free(&index.bytes);
	return rc < 0 ? -1 : attach_delta(dir, a, &result->manifest, err);
}

static int load(
	struct side *s, const char *text, const struct source_options *options, struct err *err)
{
	s->source = delta_open_source(text, options, err);
	return s->source ? image_load(s->source, NULL, &s->l, err) : -1;
}

/* What a device with the base would transfer without the delta. */
static int count_lacking(
	const struct oci_image *from, const struct oci_image *to, uint64_t *bytes, struct err *err)
{
	*bytes = 0;
	for (size_t i = 0; i < to->n_layers; i++)
		if (!has_layer(from, &to->layers[i].diff_id))
			*bytes += to->layers[i].blob.size;
	return *bytes ? 0
		      : err_set(err, OTA_NOTHING,
				"the base has all layers: there is nothing between");
}

static int make_delta(const struct delta_spec *spec, struct side *from, struct side *to,
	const struct progress *progress, struct delta_result *result, struct err *err)
{
	AUTO_WRITER writer = WRITER;
	const struct oci_image *base = &from->l.image;
	const struct digest *content = &base->layers[base->n_layers - 1].chain_id;

	if (count_lacking(base, &to->l.image, &result->layer_bytes, err) < 0 ||
		delta_layout(spec, to->source, &to->l.manifest.digest, writer.dir, err) < 0 ||
		writer_open_dir(&writer, writer.dir, "delta", err) < 0 ||
		delta_find_existing(writer.dir, &to->l.manifest, NULL, content, result, err) < 0)
		return -1;
	snprintf(result->version, sizeof(result->version), "%.63s", source_tag(to->source));
	if (result->already)
		return 0;
	snprintf(result->artifact.base_version, sizeof(result->artifact.base_version), "%.63s",
		source_tag(from->source));
	result->artifact.base_content = *content;
	return make(spec, writer.dir, from, to, progress, result, err);
}

int delta_image_make(const struct delta_spec *spec, const struct progress *progress,
	struct delta_result *result, struct err *err)
{
	AUTO_SIDE from = SIDE;
	AUTO_SIDE to = SIDE;

	if (load(&from, spec->from, spec->options, err) < 0 ||
		load(&to, spec->to, spec->options, err) < 0)
		return -1;
	return make_delta(spec, &from, &to, progress, result, err);
}
