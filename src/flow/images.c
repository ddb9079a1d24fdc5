/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/images.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "flow/app.h"
#include "flow/store.h"

static int source_path(
	const char *store, const struct digest *manifest, char path[PATH_MAX], struct err *err)
{
	char name[DIGEST_HEX_LEN + 16] = "sources/";

	digest_hex(manifest, name + strlen(name));
	return path_join(path, store, name, err);
}

int images_keep_source(
	const char *store, const struct digest *manifest, const char *from, struct err *err)
{
	char path[PATH_MAX];

	if (source_path(store, manifest, path, err) < 0)
		return -1;
	return file_publish(path, from, strlen(from), 0644, err);
}

int images_read_source(
	const char *store, const struct digest *manifest, struct buf *from, struct err *err)
{
	char path[PATH_MAX];

	if (source_path(store, manifest, path, err) < 0)
		return -1;
	if (file_read(path, from, err) < 0)
		return errno == ENOENT ? err_set(err, OTA_NOTHING, "nobody noted its source") : -1;
	return 0;
}

static int read_blob(
	const char *store, const struct descriptor *d, struct buf *out, struct err *err)
{
	AUTO_FD fd = layout_blob_open(store, d, err);
	struct digest is;
	char name[DIGEST_TEXT_LEN];

	if (fd < 0)
		return -1;
	out->len = 0;
	if (d->size == 0 || d->size >= out->cap)
		return err_set(err, OTA_CORRUPT, "a blob of %ju bytes", (uintmax_t)d->size);
	AUTO_FREE char *data = malloc((size_t)d->size);
	if (!data)
		return err_set(err, OTA_FAILED, "out of memory");
	digest_text(&d->digest, name);
	if (file_pread(fd, data, (size_t)d->size, 0, name, err) < 0 ||
		digest_of(data, (size_t)d->size, &is, err) < 0)
		return -1;
	if (!digest_equal(&is, &d->digest))
		return err_set(err, OTA_CORRUPT, "%s is damaged in the store", name);
	return buf_add(out, data, (size_t)d->size, err);
}

int images_read(const char *store, const struct descriptor *manifest, struct oci_image *image,
	struct buf *config, struct err *err)
{
	if (read_blob(store, manifest, config, err) < 0 ||
		oci_image_parse_manifest(config->data, config->len, image, err) < 0 ||
		read_blob(store, &image->config, config, err) < 0)
		return -1;
	return oci_image_parse_config(config->data, config->len, image, err);
}

static int read_image(const char *store, struct stored_image *s, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);

	return images_read(store, &s->manifest, &s->image, &text, err);
}

static void look_at_layers(const char *store, struct stored_image *s)
{
	struct layer_place place;
	struct err ignored;
	uint64_t bytes;

	s->bytes = 0;
	s->is_complete = s->fault.code == OTA_OK;
	for (size_t i = 0; s->fault.code == OTA_OK && i < s->image.n_layers; i++) {
		bool is_there =
			layers_find(store, &s->image.layers[i], NULL, &place, &ignored) == 0 &&
			place.is_there && layers_bytes(place.path, &bytes, &ignored) == 0;
		s->is_complete = s->is_complete && is_there;
		s->bytes += is_there ? bytes : 0;
	}
}

struct listing {
	const char *store;
	images_visit *visit;
	void *ctx;
	struct stored_image stored;
};

static int visit_tag(void *ctx, const char *tag, const struct descriptor *d, struct err *err)
{
	struct listing *l = ctx;
	struct stored_image *s = &l->stored;

	if (!images_is_name(tag))
		return 0;
	s->name = tag;
	s->manifest = *d;
	s->fault = (struct err){0};
	if (read_image(l->store, s, &s->fault) < 0 && s->fault.code == OTA_OK)
		s->fault.code = OTA_FAILED;
	look_at_layers(l->store, s);
	return l->visit(l->ctx, s, err);
}

int images_each(const char *store, images_visit *visit, void *ctx, struct err *err)
{
	AUTO_FREE struct listing *l = calloc(1, sizeof(*l));
	char path[PATH_MAX];

	if (!l)
		return err_set(err, OTA_FAILED, "out of memory");
	if (path_join(path, store, "index.json", err) < 0)
		return -1;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	*l = (struct listing){.store = store, .visit = visit, .ctx = ctx};
	return layout_each(store, visit_tag, l, err);
}

/* The names of the layers that are needed: raw digests, one behind the other, diffIDs and chainIDs
 * alike. */
struct marking {
	const char *store;
	struct buf marks;
};

static int mark_layers(struct marking *m, const struct oci_image *image, struct err *err)
{
	for (size_t i = 0; i < image->n_layers; i++)
		if (buf_add(&m->marks, image->layers[i].diff_id.bytes, DIGEST_LEN, err) < 0 ||
			buf_add(&m->marks, image->layers[i].chain_id.bytes, DIGEST_LEN, err) < 0)
			return -1;
	return 0;
}

static int mark_image(void *ctx, const struct stored_image *s, struct err *err)
{
	if (s->fault.code != OTA_OK) {
		*err = s->fault;
		return err_wrap(err, "%s", s->name);
	}
	return mark_layers(ctx, &s->image, err);
}

/* What a service runs, or can go back to, may have lost its name to a newer one. */
static int mark_version(void *ctx, const struct app_version *v, struct err *err)
{
	struct marking *m = ctx;
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	AUTO_FREE struct oci_image *image = malloc(sizeof(*image));

	if (!image)
		return err_set(err, OTA_FAILED, "out of memory");
	if (images_read(m->store, &v->manifest, image, &text, err) < 0)
		return err_wrap(err, "%s", v->name);
	return mark_layers(m, image, err);
}

static bool is_marked(void *ctx, const struct digest *name)
{
	const struct buf *marks = &((struct marking *)ctx)->marks;

	for (size_t at = 0; at < marks->len; at += DIGEST_LEN)
		if (!memcmp(marks->data + at, name->bytes, DIGEST_LEN))
			return true;
	return false;
}

static void sweep_sources(const char *store)
{
	struct err ignored;
	char path[PATH_MAX];
	struct digest manifest;
	struct descriptor d = {0};

	DIR *dir = path_join(path, store, "sources", &ignored) < 0 ? NULL : opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (digest_parse_hex(e->d_name, &manifest, &ignored) < 0)
			continue;
		d.digest = manifest;
		if (layout_blob_path(store, &d.digest, path, &ignored) == 0 &&
			access(path, F_OK) < 0)
			unlinkat(dirfd(dir), e->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

struct counting {
	const struct digest *manifest;
	size_t n;
};

static int count_names(void *ctx, const char *tag, const struct descriptor *d, struct err *err)
{
	struct counting *c = ctx;

	(void)err;
	c->n += *tag && strncmp(tag, DIGEST_TAG_PREFIX, strlen(DIGEST_TAG_PREFIX)) &&
		digest_equal(&d->digest, c->manifest);
	return 0;
}

static bool is_of_signatures(const char *tag, struct digest *manifest)
{
	char hex[DIGEST_HEX_LEN], same[SIGNATURE_TAG_LEN];
	struct err ignored;

	if (strncmp(tag, DIGEST_TAG_PREFIX, strlen(DIGEST_TAG_PREFIX)))
		return false;
	snprintf(hex, sizeof(hex), "%s", tag + strlen(DIGEST_TAG_PREFIX));
	if (digest_parse_hex(hex, manifest, &ignored) < 0)
		return false;
	signature_tag(manifest, same);
	return !strcmp(tag, same);
}

struct search {
	const char *store;
	struct buf found; /* raw digests, one behind the other */
};

static int find_lonely(void *ctx, const char *tag, const struct descriptor *d, struct err *err)
{
	struct search *s = ctx;
	struct digest manifest;
	struct counting c = {&manifest, 0};

	(void)d;
	if (!is_of_signatures(tag, &manifest))
		return 0;
	if (layout_each(s->store, count_names, &c, err) < 0)
		return -1;
	return c.n > 0 ? 0 : buf_add(&s->found, manifest.bytes, DIGEST_LEN, err);
}

/* Signatures go with the last name of what they are of. Where there is no room for a shorter list
 * of tags they go the next time. */
static int drop_signatures(const char *store, struct err *err)
{
	struct search s = {store, BUF(JSON_MAX_VALUES * DIGEST_LEN)};
	int rc = layout_each(store, find_lonely, &s, err);
	char tag[SIGNATURE_TAG_LEN];
	struct digest manifest;

	for (size_t at = 0; rc == 0 && at < s.found.len; at += DIGEST_LEN) {
		memcpy(manifest.bytes, s.found.data + at, DIGEST_LEN);
		signature_tag(&manifest, tag);
		rc = layout_tag_remove(store, tag, err);
	}
	buf_free(&s.found);
	return rc < 0 && err->code != OTA_SPACE ? -1 : 0;
}

int images_gc(
	const char *store, const char *boot_id, bool keep_whole, size_t *removed, struct err *err)
{
	struct marking m = {store, BUF(JSON_MAX_VALUES * 4 * DIGEST_LEN)};
	const struct layers_rest rest = {boot_id, keep_whole, is_marked, &m};
	int rc = images_each(store, mark_image, &m, err);

	*removed = 0;
	if (rc == 0)
		rc = app_each(store, mark_version, &m, err);
	if (rc == 0)
		rc = layers_sweep(store, &rest, removed, err);
	buf_free(&m.marks);
	if (rc < 0 || drop_signatures(store, err) < 0 || app_gc_blobs(store, err) < 0)
		return -1;
	sweep_sources(store);
	return 0;
}

int images_remove(const char *store, const char *name, const char *boot_id, struct err *err)
{
	struct descriptor d;
	size_t removed;

	if (!images_is_name(name) || layout_tag_get(store, name, &d, err) < 0) {
		err_set(err, OTA_NOTHING, "the store has no image '%.140s'", name);
		return err_hint(err, "ota container list shows what it has");
	}
	return layout_tag_remove(store, name, err) < 0
		       ? -1
		       : images_gc(store, boot_id, true, &removed, err);
}
