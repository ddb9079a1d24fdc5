/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sign.h"

#include <stdio.h>
#include <string.h>

#include "flow/authentic.h"
#include "flow/deltas.h"
#include "oci/image.h"
#include "flow/writer.h"
#include "io/json.h"

#define MEDIA_TYPE_OCI_CONFIG "application/vnd.oci.image.config.v1+json"

static int make_signature(const struct key *key, const struct digest *manifest, const char *tag,
	struct signature *s, struct err *err)
{
	uint8_t bytes[SIGNATURE_MAX];
	size_t len;

	s->payload = (struct buf)BUF(PAYLOAD_MAX);
	if (payload_write(manifest, tag, &s->payload, err) < 0 ||
		key_sign(key, s->payload.data, s->payload.len, bytes, &len, err) < 0)
		return -1;
	signature_encode(bytes, len, s->text);
	strcpy(s->descriptor.media_type, MEDIA_TYPE_PAYLOAD);
	return 0;
}

static json_t *layers_json(const struct signatures *s, struct err *err)
{
	json_t *layers = json_make(err, "[]");

	for (size_t i = 0; layers && i < s->n; i++) {
		const struct signature *one = &s->items[i];
		char digest[DIGEST_TEXT_LEN];
		digest_text(&one->descriptor.digest, digest);
		json_t *layer = json_make(err, "{s:s, s:s, s:I, s:{s:s}}", "mediaType",
			one->descriptor.media_type, "digest", digest, "size",
			(long long)one->descriptor.size, "annotations", ANNOTATION_SIGNATURE,
			one->text);
		if (json_append(layers, layer, err) < 0) {
			json_free(layers);
			return NULL;
		}
	}
	return layers;
}

/* An image config as cosign writes one: it tells nothing but the payloads' digests. */
static json_t *config_json(const struct signatures *s, struct err *err)
{
	json_t *diff_ids = json_make(err, "[]");

	for (size_t i = 0; diff_ids && i < s->n; i++) {
		char digest[DIGEST_TEXT_LEN];
		digest_text(&s->items[i].descriptor.digest, digest);
		if (json_append(diff_ids, json_make(err, "s", digest), err) < 0) {
			json_free(diff_ids);
			return NULL;
		}
	}
	if (!diff_ids)
		return NULL;
	return json_make(err, "{s:s, s:s, s:{}, s:{s:s, s:o}}", "architecture", "", "os", "",
		"config", "rootfs", "type", "layers", "diff_ids", diff_ids);
}

static int put_json(const char *dir, const json_t *value, struct descriptor *d, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);

	if (!value || json_write(value, &text, err) < 0)
		return -1;
	return layout_blob_put(dir, text.data, text.len, d, err);
}

static int save(const char *dir, struct signatures *s, const char *tag, struct err *err)
{
	struct descriptor manifest = {.media_type = MEDIA_TYPE_MANIFEST};
	struct descriptor config = {.media_type = MEDIA_TYPE_OCI_CONFIG};
	AUTO_JSON *config_value = config_json(s, err);

	if (put_json(dir, config_value, &config, err) < 0)
		return -1;
	json_t *config_ref = descriptor_json(&config, err), *layers = layers_json(s, err);
	AUTO_JSON *root = json_make(err, "{s:i, s:s, s:o, s:o}", "schemaVersion", 2, "mediaType",
		MEDIA_TYPE_MANIFEST, "config", config_ref, "layers", layers);
	if (put_json(dir, root, &manifest, err) < 0)
		return -1;
	return layout_tag_set(dir, tag, &manifest, err);
}

static int add(const struct layout_writer *w, const struct key *key, const struct digest *manifest,
	struct signatures *s, struct err *err)
{
	struct signature *new = &s->items[s->n];
	char tag[SIGNATURE_TAG_LEN];

	if (s->n == SIGNATURES_MAX)
		return err_set(err, OTA_FAILED,
			"%d signatures are there already, which is the most", SIGNATURES_MAX);
	if (make_signature(key, manifest, w->tag, new, err) < 0 ||
		layout_blob_put(
			w->dir, new->payload.data, new->payload.len, &new->descriptor, err) < 0)
		return -1;
	s->n++;
	signature_tag(manifest, tag);
	return save(w->dir, s, tag, err);
}

/* A manifest that is not there in full, or not what its digest says, is not signed. */
static int check_manifest(struct source *source, const struct descriptor *manifest, struct err *err)
{
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);

	return source_blob(source, manifest, &bytes, err);
}

struct signing {
	struct layout_writer writer;
	struct key *key;
	struct source *source;
	struct sign_result *result;
};

/* Signs one manifest, where this key has not; tells how many signatures it has then. */
static int sign_one(
	struct signing *s, const struct descriptor *manifest, size_t *n_signatures, struct err *err)
{
	AUTO_SIGNATURES signatures = {0};

	if (signatures_load(s->source, &manifest->digest, &signatures, err) < 0)
		return -1;
	bool has = signatures_has(&signatures, &manifest->digest, s->key);
	if (!has && add(&s->writer, s->key, &manifest->digest, &signatures, err) < 0)
		return -1;
	s->result->already = s->result->already && has;
	*n_signatures = signatures.n;
	return 0;
}

/* What refers to a release is for anybody to list: only what makes this release is signed. */
static int list_deltas(struct signing *s, struct delta_list *list, struct err *err)
{
	AUTO_AUTHENTIC a = AUTHENTIC;
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);
	struct referrers refers;
	char name[DIGEST_TEXT_LEN];

	list->n = 0;
	if (source_referrers(
		    s->source, &s->result->manifest.digest, ARTIFACT_TYPE_DELTA, &refers, err) < 0)
		return -1;
	if (refers.n == 0)
		return 0;
	if (source_blob(s->source, &s->result->manifest, &bytes, err) < 0)
		return -1;
	bool is_image = oci_image_is(bytes.data, bytes.len);
	if (!is_image && authentic_load_unverified(s->source, &a, err) < 0)
		return -1;
	if (deltas_list(s->source, NULL, &s->result->manifest, is_image ? NULL : &a.release, list,
		    err) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		const struct delta_listed *d = &list->items[i];
		if (d->is_sound)
			continue;
		*err = d->fault;
		digest_text(&d->manifest.digest, name);
		return err_wrap(err, "delta %s", name);
	}
	return 0;
}

static int sign_all(struct signing *s, struct err *err)
{
	struct sign_result *result = s->result;
	AUTO_FREE struct delta_list *deltas = malloc(sizeof(*deltas));
	size_t n_signatures;

	if (!deltas)
		return err_set(err, OTA_FAILED, "out of memory");
	if (check_manifest(s->source, &result->manifest, err) < 0 ||
		list_deltas(s, deltas, err) < 0)
		return -1;
	result->already = true;
	result->n_deltas = deltas->n;
	for (size_t i = 0; i < deltas->n; i++)
		if (sign_one(s, &deltas->items[i].manifest, &n_signatures, err) < 0)
			return -1;
	return sign_one(s, &result->manifest, &result->n_signatures, err);
}

int sign_release(
	const char *layout, const char *key_path, struct sign_result *result, struct err *err)
{
	static const struct source_options no_options;
	char text[PATH_MAX + TAG_LEN + 8];
	AUTO_KEY *key = key_load_private(key_path, err);
	struct signing s = {.writer = WRITER, .key = key, .result = result};

	if (!key || layout_split(layout, s.writer.dir, s.writer.tag, err) < 0 ||
		layout_tag_get(s.writer.dir, s.writer.tag, &result->manifest, err) < 0)
		return -1;
	snprintf(text, sizeof(text), "oci:%s:%s", s.writer.dir, s.writer.tag);
	AUTO_SOURCE *source = source_open(text, &no_options, err);
	s.source = source;
	if (!source || writer_open(&s.writer, layout, "sign", err) < 0)
		return -1;
	int rc = sign_all(&s, err);
	cleanup_writer(&s.writer);
	return rc < 0 ? err_wrap(err, "sign %s", layout) : 0;
}
