/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/bundle.h"

#include <string.h>

#include "base/file.h"
#include "flow/signatures.h"

int bundle_manifest(const char *dir, const struct descriptor *d, struct buf *bytes, struct err *err)
{
	AUTO_FD fd = layout_blob_open(dir, d, err);
	char path[PATH_MAX];
	struct digest is;

	if (fd < 0 || layout_blob_path(dir, &d->digest, path, err) < 0 ||
		file_read(path, bytes, err) < 0 ||
		digest_of(bytes->data ? bytes->data : "", bytes->len, &is, err) < 0)
		return -1;
	if (digest_equal(&is, &d->digest))
		return 0;
	return err_set(err, OTA_CORRUPT, "%s: its bytes are not that digest's", path);
}

static json_t *load(const char *dir, const struct descriptor *d, struct err *err)
{
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);

	if (bundle_manifest(dir, d, &bytes, err) < 0)
		return NULL;
	return json_parse(bytes.data ? bytes.data : "", bytes.len, "manifest", err);
}

static int visit_one(const json_t *entry, bundle_visit *visit, void *ctx, struct err *err)
{
	struct descriptor d;

	if (!entry || descriptor_read_open(entry, &d, "manifest", err) < 0)
		return -1;
	return visit(ctx, &d, err);
}

int bundle_each_blob(const char *dir, const struct descriptor *manifest, bundle_visit *visit,
	void *ctx, struct err *err)
{
	json_t *config, *layers;
	const struct json_field fields[] = {
		{.name = "config", .kind = JSON_KIND_OBJECT, .out = &config},
		{.name = "layers", .kind = JSON_KIND_ARRAY, .out = &layers},
	};
	AUTO_JSON *root = load(dir, manifest, err);

	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "manifest", err) < 0 ||
		visit_one(config, visit, ctx, err) < 0)
		return -1;
	for (size_t i = 0; i < json_length(layers); i++)
		if (visit_one(json_item(layers, i, "manifest", err), visit, ctx, err) < 0)
			return -1;
	return 0;
}

/* artifact_type NULL: it does not refer to the release */
static int add(struct bundle *b, const struct descriptor *d, const char *name,
	const char *artifact_type, struct err *err)
{
	struct bundle_item *item = &b->items[b->n];

	if (b->n == BUNDLE_MAX)
		return err_set(err, OTA_CORRUPT, "more than %d manifests belong to the release",
			BUNDLE_MAX);
	item->d = *d;
	strcpy(item->name, name);
	item->refers = artifact_type != NULL;
	strcpy(item->artifact_type, artifact_type ? artifact_type : "");
	b->n++;
	return 0;
}

static int add_signatures(
	struct bundle *b, const char *dir, const struct digest *of, struct err *err)
{
	char tag[SIGNATURE_TAG_LEN];
	struct descriptor d;

	signature_tag(of, tag);
	if (layout_tag_get(dir, tag, &d, err) < 0)
		return err->code == OTA_REFUSED ? 0 : -1;
	return add(b, &d, tag, NULL, err);
}

/* Whose subject is a manifest, and what kind of artifact is it? */
static int read_subject(const char *dir, const struct descriptor *d, struct digest *subject,
	bool *has, char type[MEDIA_TYPE_LEN], struct err *err)
{
	json_t *to = NULL;
	const struct json_field fields[] = {
		{.name = "subject", .kind = JSON_KIND_OBJECT, .out = &to, .optional = true},
		{.name = "artifactType",
			.kind = JSON_KIND_STRING,
			.out = type,
			.size = MEDIA_TYPE_LEN,
			.optional = true},
	};
	AUTO_JSON *root = load(dir, d, err);
	struct descriptor named;

	type[0] = '\0';
	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "manifest", err) < 0)
		return -1;
	*has = to != NULL;
	if (to && descriptor_read_open(to, &named, "subject", err) < 0)
		return -1;
	if (to)
		*subject = named.digest;
	return 0;
}

struct search {
	struct bundle *b;
	const char *dir;
	const struct digest *subject;
};

static bool has(const struct bundle *b, const struct descriptor *d)
{
	for (size_t i = 0; i < b->n; i++)
		if (digest_equal(&b->items[i].d.digest, &d->digest))
			return true;
	return false;
}

/* One may stand under several tags; it goes by its digest, once. */
static int add_referrer(void *ctx, const char *tag, const struct descriptor *d, struct err *err)
{
	const struct search *s = ctx;
	char type[MEDIA_TYPE_LEN], name[DIGEST_TEXT_LEN];
	struct digest subject;
	bool refers = false;

	(void)tag;
	if (!descriptor_is_manifest(d) || has(s->b, d))
		return 0;
	if (read_subject(s->dir, d, &subject, &refers, type, err) < 0)
		return -1;
	if (!refers || !digest_equal(&subject, s->subject))
		return 0;
	digest_text(&d->digest, name);
	if (add_signatures(s->b, s->dir, &d->digest, err) < 0)
		return -1;
	return add(s->b, d, name, type, err);
}

int bundle_collect(
	const char *dir, const char *tag, const char *name, struct bundle *b, struct err *err)
{
	struct descriptor release;
	const struct search search = {b, dir, &release.digest};

	b->n = 0;
	if (layout_tag_get(dir, tag, &release, err) < 0)
		return -1;
	if (!descriptor_is_manifest(&release))
		return err_set(err, OTA_CORRUPT, "%s: tag '%s' names no image manifest but '%s'",
			dir, tag, release.media_type);
	if (layout_each(dir, add_referrer, (void *)&search, err) < 0 ||
		add_signatures(b, dir, &release.digest, err) < 0)
		return -1;
	return add(b, &release, name, NULL, err);
}
