/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/images_verify.h"

#include <stdio.h>

#include "base/interrupt.h"
#include "flow/layer_bring.h"
#include "flow/layer_split.h"
#include "flow/store.h"

#define PIECE_BYTES (256u << 10)

struct verify {
	const struct verify_spec *spec;
	const struct progress *progress;
	struct verify_result *result;
	struct buf seen; /* chainIDs of layers that were looked at: images share them */
};

static int hash_stream(struct verify *v, struct split *s, struct digest *is, struct err *err)
{
	AUTO_DIGEST *hash = digest_begin(err);
	AUTO_FREE uint8_t *piece = malloc(PIECE_BYTES);
	uint64_t bytes = split_bytes(s);

	if (!hash || !piece)
		return hash ? err_set(err, OTA_FAILED, "out of memory") : -1;
	for (uint64_t at = 0; at < bytes;) {
		size_t n = bytes - at < PIECE_BYTES ? (size_t)(bytes - at) : PIECE_BYTES;
		if (interrupt_check(err) < 0 || split_read(s, piece, n, at, err) < 0 ||
			digest_add(hash, piece, n, err) < 0)
			return -1;
		at += n;
		progress_advance(v->progress, at);
	}
	return digest_end(&hash, is, err);
}

static int check_layer(struct verify *v, const struct oci_layer *layer, const char *path,
	const char *name, struct err *err)
{
	AUTO_LAYER_SPLIT opened = LAYER_SPLIT_CLOSED;
	struct digest is;

	int rc = layer_split_open(&opened, path, name, err);
	v->result->n_unproved += opened.is_missing;
	if (rc < 0)
		return opened.is_missing ? 0 : -1;
	struct split *split = opened.split;
	progress_step(v->progress, name, split_bytes(split));
	if (hash_stream(v, split, &is, err) < 0)
		return -1;
	progress_done(v->progress);
	if (digest_equal(&is, &layer->diff_id))
		return 0;
	/* which file is it? */
	if (split_check(split, err) < 0)
		return -1;
	return err_set(err, OTA_CORRUPT, "%s: it does not give its diffID", name);
}

static struct source *open_source(
	const struct verify *v, const struct stored_image *s, struct err *err)
{
	AUTO_BUF from = BUF(IMAGES_SOURCE_MAX);

	if (images_read_source(v->spec->store, &s->manifest.digest, &from, err) < 0)
		return NULL;
	return source_open(from.data ? from.data : "", v->spec->options, err);
}

static int mend_layer(
	struct verify *v, const struct stored_image *s, size_t number, struct err *err)
{
	const struct verify_spec *spec = v->spec;
	AUTO_SOURCE *source = open_source(v, s, err);
	const struct layer_origin origin = {source, NULL};

	if (!source || layer_bring(spec->store, spec->boot_id, &origin, &s->image, number,
			       v->progress, err) < 0)
		return -1;
	return layers_publish(spec->store, &s->image, spec->boot_id, err);
}

static int mend_blob(struct source *source, const char *store, const struct descriptor *d,
	struct buf *bytes, struct err *err)
{
	struct descriptor ignored;

	bytes->len = 0;
	if (source_blob(source, d, bytes, err) < 0)
		return -1;
	return layout_blob_put(store, bytes->data, bytes->len, &ignored, err);
}

/* Manifest and config are small: both come again. */
static int mend_image(struct verify *v, struct stored_image *s, struct err *err)
{
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);
	AUTO_SOURCE *source = open_source(v, s, err);

	if (!source || mend_blob(source, v->spec->store, &s->manifest, &bytes, err) < 0 ||
		oci_image_parse_manifest(bytes.data, bytes.len, &s->image, err) < 0 ||
		mend_blob(source, v->spec->store, &s->image.config, &bytes, err) < 0)
		return -1;
	return oci_image_parse_config(bytes.data, bytes.len, &s->image, err);
}

/* A fault is told; where it was to be mended and was not, the error that hindered it is given. */
static void tell(struct verify *v, const char *name, const struct err *fault, int mended,
	const struct err *why)
{
	bool is_mended = v->spec->repair && mended == 0;

	v->result->n_faults++;
	v->result->n_mended += is_mended;
	v->spec->found(v->spec->ctx, name, fault, is_mended);
	if (v->spec->repair && !is_mended)
		v->spec->found(v->spec->ctx, name, why, false);
}

static bool was_seen(struct verify *v, const struct digest *chain)
{
	for (size_t at = 0; at < v->seen.len; at += DIGEST_LEN)
		if (!memcmp(v->seen.data + at, chain->bytes, DIGEST_LEN))
			return true;
	return false;
}

static int verify_layer(
	struct verify *v, const struct stored_image *s, size_t number, struct err *err)
{
	const struct oci_layer *layer = &s->image.layers[number];
	struct layer_place place;
	struct err why = {0};
	char name[48];

	if (was_seen(v, &layer->chain_id))
		return 0;
	if (buf_add(&v->seen, layer->chain_id.bytes, DIGEST_LEN, err) < 0 ||
		layers_find(v->spec->store, layer, NULL, &place, err) < 0)
		return -1;
	v->result->n_layers++;
	snprintf(name, sizeof(name), "layer %zu of %zu", number + 1, s->image.n_layers);
	int rc = place.is_there ? check_layer(v, layer, place.path, name, err)
				: err_set(err, OTA_CORRUPT, "%s is not there", name);
	if (rc == 0)
		return 0;
	if (err->code == OTA_INTERRUPTED || err->code == OTA_FAILED)
		return -1;
	int mended = v->spec->repair ? mend_layer(v, s, number, &why) : -1;
	tell(v, s->name, err, mended, &why);
	return 0;
}

static int verify_layers(struct verify *v, const struct stored_image *s, struct err *err)
{
	for (size_t i = 0; i < s->image.n_layers; i++)
		if (verify_layer(v, s, i, err) < 0)
			return -1;
	return 0;
}

/* Which layers it has is known once it is mended. */
static int verify_damaged(struct verify *v, const struct stored_image *s, struct err *err)
{
	AUTO_FREE struct stored_image *mended = malloc(sizeof(*mended));
	struct err why = {0};

	if (!mended)
		return err_set(err, OTA_FAILED, "out of memory");
	*mended = *s;
	int rc = v->spec->repair ? mend_image(v, mended, &why) : -1;
	tell(v, s->name, &s->fault, rc, &why);
	return rc < 0 ? 0 : verify_layers(v, mended, err);
}

static int verify_image(void *ctx, const struct stored_image *s, struct err *err)
{
	struct verify *v = ctx;

	v->result->n_images++;
	return s->fault.code == OTA_OK ? verify_layers(v, s, err) : verify_damaged(v, s, err);
}

int images_verify(const struct verify_spec *spec, const struct progress *progress,
	struct verify_result *result, struct err *err)
{
	struct verify v = {.spec = spec,
		.progress = progress,
		.result = result,
		.seen = BUF(JSON_MAX_VALUES * DIGEST_LEN)};
	AUTO_STORE store = STORE;

	*result = (struct verify_result){0};
	if (store_open(&store, spec->store, "ota container verify", err) < 0)
		return -1;
	int rc = images_each(spec->store, verify_image, &v, err);
	buf_free(&v.seen);
	if (rc < 0 || result->n_faults == result->n_mended)
		return rc;
	err_set(err, OTA_CORRUPT, "%zu of %zu faults are not mended",
		result->n_faults - result->n_mended, result->n_faults);
	return spec->repair ? -1 : err_hint(err, "ota container verify --repair brings them again");
}
