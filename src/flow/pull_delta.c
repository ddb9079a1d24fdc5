/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/pull_delta.h"

#include <stdio.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "flow/growing.h"
#include "flow/images.h"
#include "flow/patch.h"

#define BASES_MAX 16

/* --- finding --- */

struct bases {
	size_t n;
	struct digest content[BASES_MAX];
};

static const struct digest *content_of(const struct oci_image *image)
{
	return &image->layers[image->n_layers - 1].chain_id;
}

static int collect(void *ctx, const struct stored_image *s, struct err *err)
{
	struct bases *b = ctx;

	(void)err;
	if (s->fault.code == OTA_OK && b->n < BASES_MAX && s->is_complete)
		b->content[b->n++] = *content_of(&s->image);
	return 0;
}

static int take_base(void *ctx, const struct stored_image *s, struct err *err)
{
	struct pull_delta *d = ctx;

	(void)err;
	if (s->fault.code == OTA_OK &&
		digest_equal(content_of(&s->image), &d->found.artifact.base_content)) {
		d->base = s->image;
		snprintf(d->base_name, sizeof(d->base_name), "%s", s->name);
	}
	return 0;
}

void pull_delta_init(struct pull_delta *d)
{
	*d = (struct pull_delta){.fd = -1};
	for (size_t i = 0; i < OCI_LAYERS_MAX; i++)
		d->layers[i] = (struct layer_split)LAYER_SPLIT_CLOSED;
}

int pull_delta_find(struct source *source, const char *store, const struct keyring *keyring,
	unsigned signers, const struct descriptor *manifest, struct pull_delta *d, bool *is_there,
	struct err *err)
{
	struct bases bases = {0};

	*is_there = false;
	if (images_each(store, collect, &bases, err) < 0)
		return -1;
	if (bases.n == 0)
		return 0;
	if (deltas_find(source, keyring, signers, manifest, NULL, bases.content, bases.n, &d->found,
		    is_there, err) < 0)
		return -1;
	return *is_there ? images_each(store, take_base, d, err) : 0;
}

uint64_t pull_delta_bytes(const struct pull_delta *d, const struct digest *diff_id)
{
	const struct delta_artifact *a = &d->found.artifact;

	for (size_t i = 0; i < a->n_made; i++)
		if (digest_equal(&a->made[i].diff_id, diff_id))
			return a->made[i].bytes;
	return 0;
}

/* --- opening --- */

static int open_layer(struct pull_delta *d, const char *store, size_t i, struct err *err)
{
	const struct delta_part *part = &d->found.artifact.base[i];
	struct layer_place place;

	if (!digest_equal(&part->diff_id, &d->base.layers[i].diff_id))
		return err_set(err, OTA_CORRUPT, "layer %zu of its base is another", i + 1);
	if (layers_find(store, &d->base.layers[i], NULL, &place, err) < 0)
		return -1;
	if (layer_split_open(&d->layers[i], place.path, d->base_name, err) < 0)
		return -1;
	return split_bytes(d->layers[i].split) == part->bytes
		       ? 0
		       : err_set(err, OTA_CORRUPT, "layer %zu of its base has another length",
				 i + 1);
}

static int open_base(struct pull_delta *d, const char *store, struct err *err)
{
	const struct delta_artifact *a = &d->found.artifact;

	if (a->n_base != d->base.n_layers)
		return err_set(err, OTA_CORRUPT, "its base has %zu layers instead of %zu",
			d->base.n_layers, a->n_base);
	for (size_t i = 0; i < a->n_base; i++)
		if (open_layer(d, store, i, err) < 0)
			return -1;
	return 0;
}

static uint64_t cells_of(const struct pull_delta *d, const struct delta_part *part)
{
	return (part->bytes + d->table.cell_bytes - 1) / d->table.cell_bytes;
}

static int check_table(const struct pull_delta *d, struct err *err)
{
	const struct delta_artifact *a = &d->found.artifact;
	uint64_t cells = 0;

	for (size_t i = 0; i < a->n_made; i++)
		cells += cells_of(d, &a->made[i]);
	if (d->table.base_bytes == a->base_bytes && d->table.n_segments == cells)
		return 0;
	return err_set(err, OTA_CORRUPT, "its blob does not fit its config");
}

int pull_delta_open(struct pull_delta *d, struct source *source, const char *store,
	const struct progress *progress, struct err *err)
{
	const struct descriptor *blob = &d->found.artifact.blob;

	if (layers_delta_path(store, &blob->digest, d->path, err) < 0 ||
		growing_bring(source, blob, d->path, progress, err) < 0)
		return -1;
	d->fd = file_open_read(d->path, err);
	if (d->fd < 0 || patch_load_table(d->fd, d->path, &d->head, &d->table, err) < 0 ||
		check_table(d, err) < 0)
		return -1;
	return open_base(d, store, err);
}

/* --- using --- */

/* All layers of the base, one behind the other. */
static int read_base(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	const struct pull_delta *d = ctx;
	uint8_t *out = data;

	for (size_t i = 0; i < d->base.n_layers && len > 0; i++) {
		uint64_t bytes = split_bytes(d->layers[i].split);
		if (offset >= bytes) {
			offset -= bytes;
			continue;
		}
		size_t n = bytes - offset < len ? (size_t)(bytes - offset) : len;
		if (split_read(d->layers[i].split, out, n, offset, err) < 0)
			return -1;
		out += n;
		len -= n;
		offset = 0;
	}
	return len == 0 ? 0 : err_set(err, OTA_CORRUPT, "the delta reads behind its base");
}

/* The cells of one layer, as they are made. */
struct giving {
	struct pull_delta *d;
	struct delta_decoder *decoder;
	struct delta_base base;
	uint8_t *coded, *raw;
	uint64_t first, left_bytes; /* the layer's first cell, and what is still to come of it */
	const struct sink *sink;
};

static int give_group(struct giving *g, const struct delta_group *group, struct err *err)
{
	struct pull_delta *d = g->d;
	size_t cell = d->table.cell_bytes;

	if (file_pread(d->fd, g->coded, group->coded_len, group->offset, d->path, err) < 0 ||
		delta_decoder_begin(
			g->decoder, g->coded, group->coded_len, group->n_segments, err) < 0)
		return -1;
	for (uint32_t i = 0; i < group->n_segments && g->left_bytes > 0; i++) {
		if (interrupt_check(err) < 0 ||
			delta_decoder_segment(g->decoder, &g->base, g->raw, cell, err) < 0)
			return -1;
		if (group->first_segment + i < g->first)
			continue;
		size_t n = g->left_bytes < cell ? (size_t)g->left_bytes : cell;
		if (g->sink->put(g->sink->ctx, g->raw, n, err) < 0)
			return -1;
		g->left_bytes -= n;
	}
	return 0;
}

static int give(struct giving *g, struct err *err)
{
	struct delta_group group = {0};

	if (!g->coded || !g->raw)
		return err_set(err, OTA_FAILED, "out of memory for a cell");
	while (g->left_bytes > 0 && delta_next(&g->d->table, &group))
		if (group.first_segment + group.n_segments > g->first &&
			give_group(g, &group, err) < 0)
			return -1;
	return 0;
}

int pull_delta_give(struct pull_delta *d, const struct digest *diff_id, const struct sink *sink,
	struct err *err)
{
	const struct delta_artifact *a = &d->found.artifact;
	AUTO_FREE uint8_t *coded = malloc(DELTA_GROUP_CODED_MAX);
	AUTO_FREE uint8_t *raw = malloc(d->table.cell_bytes);
	struct giving g = {.d = d,
		.coded = coded,
		.raw = raw,
		.sink = sink,
		.base = {read_base, d, a->base_bytes}};
	size_t i = 0;

	for (; i < a->n_made && !digest_equal(&a->made[i].diff_id, diff_id); i++)
		g.first += cells_of(d, &a->made[i]);
	if (i == a->n_made)
		return err_set(err, OTA_CORRUPT, "the delta does not make the layer");
	g.left_bytes = a->made[i].bytes;
	g.decoder = delta_decoder_new(err);
	int rc = g.decoder ? give(&g, err) : -1;
	delta_decoder_free(g.decoder);
	return rc;
}

void pull_delta_done(struct pull_delta *d)
{
	if (d->path[0])
		unlink(d->path);
}

void pull_delta_free(struct pull_delta *d)
{
	for (size_t i = 0; i < OCI_LAYERS_MAX; i++)
		layer_split_close(&d->layers[i]);
	cleanup_fd(&d->fd);
	free(d->head);
}
