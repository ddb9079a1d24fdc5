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

static int add(struct bundle *b, const struct descriptor *d, const char *name, struct err *err)
{
	struct bundle_item *item = &b->items[b->n];

	if (b->n == BUNDLE_MAX)
		return err_set(err, OTA_CORRUPT, "more than %d manifests belong to the release",
			BUNDLE_MAX);
	*item = (struct bundle_item){.d = *d};
	strcpy(item->name, name);
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
	return add(b, &d, tag, err);
}

/* Does a manifest refer to this one by its subject? Then it is told what kind of artifact it is. */
static int read_subject(
	const char *dir, const struct digest *subject, struct bundle_item *item, struct err *err)
{
	json_t *to = NULL;
	const struct json_field fields[] = {
		{.name = "subject", .kind = JSON_KIND_OBJECT, .out = &to, .optional = true},
		{.name = "artifactType",
			.kind = JSON_KIND_STRING,
			.out = item->artifact_type,
			.size = sizeof(item->artifact_type),
			.optional = true},
	};
	AUTO_JSON *root = load(dir, &item->d, err);
	struct descriptor named;

	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "manifest", err) < 0)
		return -1;
	if (to && descriptor_read_open(to, &named, "subject", err) < 0)
		return -1;
	item->refers = to && digest_equal(&named.digest, subject);
	item->has_base = referrers_base(root, &item->base);
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
	struct bundle_item item = {.d = *d};
	char name[DIGEST_TEXT_LEN];

	(void)tag;
	if (!descriptor_is_manifest(d) || has(s->b, d))
		return 0;
	if (read_subject(s->dir, s->subject, &item, err) < 0)
		return -1;
	if (!item.refers)
		return 0;
	digest_text(&d->digest, name);
	if (add_signatures(s->b, s->dir, &d->digest, err) < 0 || add(s->b, d, name, err) < 0)
		return -1;
	strcpy(item.name, name);
	s->b->items[s->b->n - 1] = item;
	return 0;
}

/* Those that stand in the list under the release's own tag alone. */
static int add_listed(struct search *s, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	char tag[REFERRERS_TAG_LEN];
	struct referrers list;
	struct descriptor d;

	referrers_tag(s->subject, tag);
	if (layout_tag_get(s->dir, tag, &d, err) < 0)
		return err->code == OTA_REFUSED ? 0 : -1;
	if (!descriptor_is_index(&d))
		return 0;
	if (bundle_manifest(s->dir, &d, &text, err) < 0 ||
		referrers_read(text.data ? text.data : "", text.len, NULL, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (add_referrer(s, tag, &list.items[i], err) < 0)
			return -1;
	return 0;
}

int bundle_collect(
	const char *dir, const char *tag, const char *name, struct bundle *b, struct err *err)
{
	struct descriptor release;
	struct search search = {b, dir, &release.digest};

	b->n = 0;
	if (layout_tag_get(dir, tag, &release, err) < 0)
		return -1;
	if (!descriptor_is_manifest(&release))
		return err_set(err, OTA_CORRUPT, "%s: tag '%s' names no image manifest but '%s'",
			dir, tag, release.media_type);
	if (layout_each(dir, add_referrer, &search, err) < 0 || add_listed(&search, err) < 0 ||
		add_signatures(b, dir, &release.digest, err) < 0)
		return -1;
	return add(b, &release, name, err);
}
