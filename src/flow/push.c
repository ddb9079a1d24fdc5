/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/push.h"

#include <string.h>

#include "base/file.h"
#include "flow/bundle.h"
#include "flow/signatures.h"
#include "io/registry.h"
#include "release/delta_artifact.h"

struct pushing {
	char dir[PATH_MAX];
	struct registry *registry;
	struct bundle bundle;
	const struct progress *progress;
	uint64_t done_bytes; /* of all blobs, also those that were there */
	struct push_result *result;
};

static int count(void *ctx, const struct descriptor *d, struct err *err)
{
	struct push_result *result = ctx;

	(void)err;
	result->total_bytes += d->size;
	return 0;
}

struct upload {
	const struct pushing *p;
	int fd;
	const char *what;
};

static int take(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	const struct upload *u = ctx;

	progress_advance(u->p->progress, u->p->done_bytes + offset + len);
	return file_pread(u->fd, data, len, offset, u->what, err);
}

/* A registry would find out as well, but only after all of it was sent. */
static int check_sound(int fd, const struct descriptor *d, const char *path, struct err *err)
{
	struct digest is;

	if (digest_of_file(fd, d->size, path, &is, err) < 0)
		return -1;
	if (digest_equal(&is, &d->digest))
		return 0;
	err_set(err, OTA_CORRUPT, "%s: its bytes are not that digest's", path);
	return err_hint(err, "it is damaged: copy the whole release there again, or pack it anew");
}

static int send_blob(const struct pushing *p, const struct descriptor *d, struct err *err)
{
	AUTO_FD fd = layout_blob_open(p->dir, d, err);
	char path[PATH_MAX];
	struct upload upload = {p, fd, path};
	const struct http_body body = {take, &upload, d->size, "application/octet-stream"};

	if (fd < 0 || layout_blob_path(p->dir, &d->digest, path, err) < 0 ||
		check_sound(fd, d, path, err) < 0)
		return -1;
	return registry_put_blob(p->registry, d, &body, err);
}

static int push_blob(void *ctx, const struct descriptor *d, struct err *err)
{
	struct pushing *p = ctx;
	bool has;

	if (registry_has_blob(p->registry, d, &has, err) < 0 || (!has && send_blob(p, d, err) < 0))
		return -1;
	p->result->sent_bytes += has ? 0 : d->size;
	p->result->already = p->result->already && has;
	p->done_bytes += d->size;
	progress_advance(p->progress, p->done_bytes);
	return 0;
}

static int push_blobs(struct pushing *p, struct err *err)
{
	const struct bundle *b = &p->bundle;

	for (size_t i = 0; i < b->n; i++)
		if (bundle_each_blob(p->dir, &b->items[i].d, count, p->result, err) < 0)
			return -1;
	progress_step(p->progress, "push", p->result->total_bytes);
	for (size_t i = 0; i < b->n; i++)
		if (bundle_each_blob(p->dir, &b->items[i].d, push_blob, p, err) < 0)
			return -1;
	progress_done(p->progress);
	return 0;
}

static int push_manifest(struct pushing *p, const struct bundle_item *item, struct err *err)
{
	AUTO_BUF bytes = BUF(JSON_MAX_BYTES);
	bool has;

	if (registry_has_manifest(p->registry, item->name, &item->d, &has, err) < 0)
		return -1;
	if (has)
		return 0;
	p->result->already = false;
	if (bundle_manifest(p->dir, &item->d, &bytes, err) < 0)
		return -1;
	return registry_put_manifest(p->registry, item->name, &item->d, &bytes, err);
}

/* Adds one to the index under the tag; `text` is that index, and becomes the new one. */
static int list_one(
	const struct bundle_item *item, struct buf *text, bool *changed, struct err *err)
{
	AUTO_BUF next = BUF(JSON_MAX_BYTES);
	bool had;

	if (referrers_add(text->data, text->len, &item->d, item->artifact_type,
		    item->has_base ? &item->base : NULL, &next, &had, err) < 0)
		return -1;
	*changed = *changed || !had;
	text->len = 0;
	return buf_add(text, next.data, next.len, err);
}

static int list_all(const struct bundle *b, struct buf *text, bool *changed, struct err *err)
{
	*changed = false;
	for (size_t i = 0; i < b->n; i++)
		if (b->items[i].refers && list_one(&b->items[i], text, changed, err) < 0)
			return -1;
	return 0;
}

/* A registry that lists referrers by itself has done so; for others the index under the tag is
 * ours to keep. */
static int push_list(struct pushing *p, const struct digest *subject, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	struct descriptor d;
	char tag[REFERRERS_TAG_LEN];
	bool found, changed;

	referrers_tag(subject, tag);
	if (registry_referrers(p->registry, subject, NULL, &text, &found, err) < 0)
		return -1;
	if (found)
		return 0;
	if (registry_manifest(p->registry, tag, &text, &d, &found, err) < 0)
		return -1;
	if (found && !descriptor_is_index(&d))
		return err_set(err, OTA_CORRUPT, "tag '%s' is no index of referrers", tag);
	if (list_all(&p->bundle, &text, &changed, err) < 0)
		return -1;
	if (!changed)
		return 0;
	p->result->already = false;
	strcpy(d.media_type, MEDIA_TYPE_IMAGE_INDEX);
	return registry_put_manifest(p->registry, tag, &d, &text, err);
}

static int push_manifests(struct pushing *p, struct err *err)
{
	const struct bundle *b = &p->bundle;
	const struct bundle_item *release = &b->items[b->n - 1];

	for (size_t i = 0; i + 1 < b->n; i++)
		if (push_manifest(p, &b->items[i], err) < 0)
			return -1;
	if (p->result->n_referrers && push_list(p, &release->d.digest, err) < 0)
		return err_wrap(err, "list of referrers");
	return push_manifest(p, release, err);
}

/* What is signed stands behind its signatures. */
static bool is_signed(const struct bundle *b, size_t i)
{
	char tag[SIGNATURE_TAG_LEN];

	signature_tag(&b->items[i].d.digest, tag);
	return i > 0 && !strcmp(b->items[i - 1].name, tag);
}

static int push(struct pushing *p, struct err *err)
{
	const struct bundle *b = &p->bundle;

	for (size_t i = 0; i < b->n; i++) {
		const struct bundle_item *item = &b->items[i];
		bool is_delta = item->refers && !strcmp(item->artifact_type, ARTIFACT_TYPE_DELTA);
		p->result->n_referrers += item->refers;
		p->result->n_unsigned += is_delta && !is_signed(b, i);
	}
	p->result->manifest = b->items[b->n - 1].d;
	p->result->is_signed = is_signed(b, b->n - 1);
	p->result->already = true;
	return push_blobs(p, err) < 0 ? -1 : push_manifests(p, err);
}

int push_release(const char *layout, const char *target, const struct source_options *options,
	const struct progress *progress, struct push_result *result, struct err *err)
{
	struct pushing p = {.progress = progress, .result = result};
	struct reference to;
	char tag[TAG_LEN];

	*result = (struct push_result){0};
	if (layout_split(layout, p.dir, tag, err) < 0 || reference_parse(target, &to, err) < 0)
		return -1;
	if (!tag_is_sound(to.name))
		return err_set(err, OTA_USAGE, "%s: push to a tag, not to a digest", target);
	if (bundle_collect(p.dir, tag, to.name, &p.bundle, err) < 0)
		return -1;
	AUTO_REGISTRY *registry = registry_open(&to, &options->http, options->auth_file, err);
	p.registry = registry;
	return registry && push(&p, err) == 0 ? 0 : err_wrap(err, "push to %s", target);
}
