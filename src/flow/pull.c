/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/pull.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "flow/image_load.h"
#include "flow/images.h"
#include "flow/layer_bring.h"
#include "flow/store.h"

/* What a layer takes unpacked is not known before; three times is more than most. */
#define EXPANSION 3
#define SMALL_BYTES (1u << 20)

struct pull {
	const struct pull_spec *spec;
	struct source *source;
	const struct progress *progress;
	struct loaded_image l;
	struct pull_delta *delta; /* what layers are made of; NULL: of their blobs */
	struct pull_result *result;
};

/* boot_id NULL: it lacks what is not durable, too. */
static int lacks(
	const struct pull *p, const char *boot_id, size_t number, bool *lacking, struct err *err)
{
	struct layer_place place;

	if (layers_find(p->spec->store, &p->l.image.layers[number], boot_id, &place, err) < 0)
		return -1;
	*lacking = !place.is_there;
	return 0;
}

static int count_missing(
	const struct pull *p, const char *boot_id, size_t *n, uint64_t *bytes, struct err *err)
{
	bool lacking;

	*n = 0;
	*bytes = 0;
	for (size_t i = 0; i < p->l.image.n_layers; i++) {
		if (lacks(p, boot_id, i, &lacking, err) < 0)
			return -1;
		*n += lacking;
		*bytes += lacking ? p->l.image.layers[i].blob.size : 0;
	}
	return 0;
}

static int check_budget(const struct pull *p, uint64_t bytes, struct err *err)
{
	uint64_t budget = p->spec->budget;

	if (budget == 0 || bytes <= budget || !source_is_remote(p->source))
		return 0;
	return err_set(err, OTA_SPACE, "%ju bytes of layers are over the budget of %ju",
		(uintmax_t)bytes, (uintmax_t)budget);
}

/* What was cut, and what nothing names, makes room where it must. */
static int check_room(const struct pull *p, uint64_t bytes, struct err *err)
{
	const char *store = p->spec->store;
	uint64_t need = EXPANSION * bytes + SMALL_BYTES, have;
	size_t removed;

	if (dir_free_bytes(store, &have, err) < 0)
		return -1;
	if (have < need && (images_gc(store, p->spec->boot_id, false, &removed, err) < 0 ||
				   dir_free_bytes(store, &have, err) < 0))
		return -1;
	if (have >= need)
		return 0;
	err_set(err, OTA_SPACE, "%s has %ju bytes free, and the image may need %ju", store,
		(uintmax_t)have, (uintmax_t)need);
	return err_hint(err, "ota container list, then rm what is not needed");
}

static int bring_layer(struct pull *p, size_t number, struct err *err)
{
	const struct oci_layer *layer = &p->l.image.layers[number];
	bool by_delta = p->delta && pull_delta_bytes(p->delta, &layer->diff_id);
	const struct layer_origin origin = {p->source, by_delta ? p->delta : NULL};

	if (layer_bring(p->spec->store, p->spec->boot_id, &origin, &p->l.image, number, p->progress,
		    err) < 0)
		return -1;
	p->result->n_brought++;
	p->result->moved_bytes += by_delta ? 0 : layer->blob.size;
	return 0;
}

static int bring_layers(struct pull *p, struct err *err)
{
	bool lacking;

	for (size_t i = 0; i < p->l.image.n_layers; i++)
		if (lacks(p, p->spec->boot_id, i, &lacking, err) < 0 ||
			(lacking && bring_layer(p, i, err) < 0))
			return -1;
	return 0;
}

/* Who must sign a delta is who must sign an image. */
static int find_delta(struct pull *p, struct pull_delta *delta, bool *is_there, struct err *err)
{
	const struct pull_spec *spec = p->spec;
	struct err none;
	AUTO_KEYRING *keyring = spec->allow_unsigned ? NULL : keyring_load(spec->trust, &none);

	*is_there = false;
	if (!keyring && !spec->allow_unsigned)
		return 0;
	return pull_delta_find(p->source, spec->store, keyring,
		spec->allow_unsigned ? 0 : spec->signers, &p->l.manifest, delta, is_there, err);
}

/* A delta that is missing, damaged or no smaller holds nobody back. */
static int bring_by_delta(
	struct pull *p, struct pull_delta *delta, uint64_t bytes, bool *brought, struct err *err)
{
	const struct descriptor *blob = &delta->found.artifact.blob;
	bool is_there;

	*brought = false;
	if (find_delta(p, delta, &is_there, err) < 0)
		return -1;
	if (!is_there || blob->size >= bytes - bytes / 10)
		return 0;
	if (check_budget(p, blob->size, err) < 0)
		return -1;
	p->delta = delta;
	*brought = pull_delta_open(delta, p->source, p->spec->store, p->progress, err) == 0 &&
		   bring_layers(p, err) == 0;
	p->delta = NULL;
	p->result->moved_bytes += blob->size;
	if (*brought)
		snprintf(p->result->base, sizeof(p->result->base), "%s", delta->base_name);
	/* what the link cut stays for the next time */
	if (!*brought && err->code != OTA_CORRUPT && err->code != OTA_REFUSED)
		return -1;
	pull_delta_done(delta);
	return 0;
}

static int bring(struct pull *p, struct err *err)
{
	AUTO_FREE struct pull_delta *delta = calloc(1, sizeof(*delta));
	bool brought = false;
	uint64_t bytes;
	size_t n;

	if (!delta)
		return err_set(err, OTA_FAILED, "out of memory");
	pull_delta_init(delta);
	if (count_missing(p, p->spec->boot_id, &n, &bytes, err) < 0 ||
		(n && check_room(p, bytes, err) < 0))
		return -1;
	int rc = n ? bring_by_delta(p, delta, bytes, &brought, err) : 0;
	pull_delta_free(delta);
	if (rc == 0 && !brought)
		rc = count_missing(p, p->spec->boot_id, &n, &bytes, err) < 0 ||
				     check_budget(p, p->result->moved_bytes + bytes, err) < 0
			     ? -1
			     : bring_layers(p, err);
	return rc < 0 ? -1 : layers_publish(p->spec->store, &p->l.image, p->spec->boot_id, err);
}

/* Nothing names a layer by now that is not durable; at last the image gets its name. */
static int keep(struct pull *p, struct err *err)
{
	const char *store = p->spec->store;
	const struct loaded_image *l = &p->l;
	struct descriptor ignored;

	if (layout_blob_put(store, l->config_bytes.data, l->config_bytes.len, &ignored, err) < 0 ||
		layout_blob_put(
			store, l->manifest_bytes.data, l->manifest_bytes.len, &ignored, err) < 0)
		return -1;
	/* an index is not kept: its signatures would prove nothing here */
	if (l->signatures.n > 0 && digest_equal(&l->signed_digest, &l->manifest.digest) &&
		store_keep_signatures(store, &l->signatures, &l->signed_digest, err) < 0)
		return -1;
	if (images_keep_source(store, &l->manifest.digest, p->spec->from, err) < 0)
		return -1;
	return layout_tag_set(store, p->result->name, &l->manifest, err);
}

static bool is_kept(const struct pull *p)
{
	struct descriptor d;
	struct err ignored;
	uint64_t bytes;
	size_t n;

	return layout_tag_get(p->spec->store, p->result->name, &d, &ignored) == 0 &&
	       digest_equal(&d.digest, &p->l.manifest.digest) &&
	       count_missing(p, NULL, &n, &bytes, &ignored) == 0 && n == 0;
}

/* It comes again from where it was pulled last. */
static int note_source(const struct pull *p, struct err *err)
{
	const char *from = p->spec->from;
	AUTO_BUF known = BUF(IMAGES_SOURCE_MAX);
	struct err ignored;

	if (images_read_source(p->spec->store, &p->l.manifest.digest, &known, &ignored) == 0 &&
		known.len == strlen(from) && !memcmp(known.data, from, known.len))
		return 0;
	return images_keep_source(p->spec->store, &p->l.manifest.digest, from, err);
}

static int measure(const struct pull *p, struct err *err)
{
	const struct oci_image *image = &p->l.image;
	struct layer_place place;
	uint64_t bytes;

	for (size_t i = 0; i < image->n_layers; i++) {
		if (layers_find(p->spec->store, &image->layers[i], NULL, &place, err) < 0 ||
			layers_bytes(place.path, &bytes, err) < 0)
			return -1;
		p->result->raw_bytes += bytes;
	}
	return 0;
}

static int pull(struct pull *p, struct err *err)
{
	const struct pull_spec *spec = p->spec;
	const struct image_trust trust = {spec->trust, spec->signers, spec->allow_unsigned};
	struct pull_result *r = p->result;
	AUTO_STORE store = STORE;

	if (images_name(p->source, spec->name, r->name, err) < 0 ||
		store_open(&store, spec->store, "ota container pull", err) < 0 ||
		image_load(p->source, &trust, &p->l, err) < 0)
		return -1;
	r->manifest = p->l.manifest;
	r->image = p->l.image;
	r->signers = p->l.signers;
	r->already = is_kept(p);
	if (r->already)
		return note_source(p, err) < 0 ? -1 : measure(p, err);
	if (p->l.signatures.n > 0 && signatures_load_config(p->source, &p->l.signatures, err) < 0)
		return -1;
	return bring(p, err) < 0 || keep(p, err) < 0 ? -1 : measure(p, err);
}

int pull_image(const struct pull_spec *spec, struct source *source, const struct progress *progress,
	struct pull_result *result, struct err *err)
{
	struct pull p = {.spec = spec,
		.source = source,
		.progress = progress,
		.l = LOADED_IMAGE,
		.result = result};

	*result = (struct pull_result){0};
	int rc = pull(&p, err);
	image_load_free(&p.l);
	return rc < 0 ? err_wrap(err, "pull %s", source_tag(source)) : 0;
}
