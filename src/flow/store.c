/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/app.h"
#include "flow/store.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "release/version.h"

static int make_folders(const char *dir, struct err *err)
{
	static const char *const folders[] = {
		"partial", "deltas", "slots", "bad", "layers", "sources"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (path_join(path, dir, folders[i], err) < 0 || dir_make(path, err) < 0)
			return -1;
		file_sweep(path);
	}
	return 0;
}

/* A store is only comfort: what it names is gone with a damaged index.json, and comes again. */
static int mend_index(const char *dir, struct err *err)
{
	struct descriptor ignored;
	char path[PATH_MAX];
	struct err why;

	if (layout_tag_get(dir, TAG_FETCHED, &ignored, &why) == 0 || why.code != OTA_CORRUPT)
		return 0;
	if (path_join(path, dir, "index.json", err) < 0 || file_remove(path, err) < 0)
		return -1;
	return layout_create(dir, err);
}

int store_open(struct store *s, const char *dir, const char *who, struct err *err)
{
	if (writer_open_dir(&s->writer, dir, who, err) < 0 || make_folders(dir, err) < 0 ||
		mend_index(dir, err) < 0)
		return err->code == OTA_BUSY ? -1 : err_wrap(err, "store");
	return 0;
}

int store_open_if_possible(struct store *s, const char *dir, const char *who, struct err *err)
{
	if (store_open(s, dir, who, err) == 0)
		return 0;
	if (err->code == OTA_BUSY)
		return -1;
	s->lost = true;
	s->why = *err;
	return 0;
}

static int keep_blob(const char *dir, const struct buf *bytes, struct err *err)
{
	struct descriptor ignored;

	return layout_blob_put(dir, bytes->data, bytes->len, &ignored, err);
}

int store_keep_signatures(
	const char *dir, const struct signatures *s, const struct digest *manifest, struct err *err)
{
	char tag[SIGNATURE_TAG_LEN];

	if (keep_blob(dir, &s->manifest_bytes, err) < 0 ||
		keep_blob(dir, &s->config_bytes, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if (keep_blob(dir, &s->items[i].payload, err) < 0)
			return -1;
	signature_tag(manifest, tag);
	return layout_tag_set(dir, tag, &s->manifest, err);
}

/* Its signatures go with it, unless the other tag names it too. */
static int drop(const char *dir, const char *tag, struct err *err)
{
	const char *other = strcmp(tag, TAG_FETCHED) ? TAG_FETCHED : TAG_WRITTEN;
	char signed_tag[SIGNATURE_TAG_LEN];
	struct descriptor d, d_other;
	struct err none;

	if (layout_tag_get(dir, tag, &d, &none) < 0)
		return 0;
	if (layout_tag_remove(dir, tag, err) < 0)
		return -1;
	if (layout_tag_get(dir, other, &d_other, &none) == 0 &&
		digest_equal(&d.digest, &d_other.digest))
		return 0;
	signature_tag(&d.digest, signed_tag);
	return layout_tag_remove(dir, signed_tag, err);
}

int store_keep(const char *dir, const char *tag, const struct authentic *a, struct err *err)
{
	if (keep_blob(dir, &a->config_bytes, err) < 0 ||
		keep_blob(dir, &a->manifest_bytes, err) < 0 || drop(dir, tag, err) < 0 ||
		store_keep_signatures(dir, &a->signatures, &a->manifest.digest, err) < 0 ||
		layout_tag_set(dir, tag, &a->manifest, err) < 0)
		return -1;
	return app_gc_blobs(dir, err);
}

struct source *store_source(const char *dir, const char *tag, struct err *err)
{
	static const struct source_options no_options;
	char text[PATH_MAX + 16];
	struct descriptor found;

	if (layout_tag_get(dir, tag, &found, err) < 0) {
		err_set(err, OTA_NOTHING, "nothing is %s", tag);
		err_hint(err, "fetch first, or name a source: ota write SOURCE");
		return NULL;
	}
	snprintf(text, sizeof(text), "oci:%s:%s", dir, tag);
	return source_open(text, &no_options, err);
}

int store_forget(const char *dir, const char *tag, struct err *err)
{
	if (!strcmp(tag, TAG_FETCHED))
		store_sweep_deltas(dir, NULL);
	return drop(dir, tag, err) < 0 ? -1 : app_gc_blobs(dir, err);
}

/* Nothing needs this any more, now that a release of that content and version is kept. */
static bool is_spent(
	const char *dir, const char *tag, const struct digest *content, const char *version)
{
	struct err none;
	AUTO_SOURCE *source = store_source(dir, tag, &none);
	AUTO_AUTHENTIC a = AUTHENTIC;

	return source && authentic_load_unverified(source, &a, &none) == 0 &&
	       (digest_equal(&a.release.content, content) ||
		       version_compare(a.release.version, version) < 0);
}

int store_forget_kept(
	const char *dir, const struct digest *content, const char *version, struct err *err)
{
	static const char *const tags[] = {TAG_FETCHED, TAG_WRITTEN};

	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		if (is_spent(dir, tags[i], content, version) && store_forget(dir, tags[i], err) < 0)
			return -1;
	return 0;
}

int store_partial_path(const char *dir, const struct digest *layer, const struct digest *way,
	char path[PATH_MAX], struct err *err)
{
	char name[16 + 2 * DIGEST_HEX_LEN] = "partial/";

	digest_hex(layer, name + strlen(name));
	if (way) {
		strcat(name, "-");
		digest_hex(way, name + strlen(name));
	}
	return path_join(path, dir, name, err);
}

int store_delta_path(
	const char *dir, const struct digest *layer, char path[PATH_MAX], struct err *err)
{
	char name[16 + DIGEST_HEX_LEN] = "deltas/";

	digest_hex(layer, name + strlen(name));
	return path_join(path, dir, name, err);
}

bool store_has_delta(const char *dir, const struct digest *layer)
{
	char path[PATH_MAX];
	struct err none;

	return store_delta_path(dir, layer, path, &none) == 0 && access(path, F_OK) == 0;
}

/* The name of a file of one of its layers, or of one that makes the image another way. */
static bool is_of(const struct release *r, const char *name)
{
	char hex[DIGEST_HEX_LEN];

	for (size_t i = 0; r && i < r->n_images; i++) {
		digest_hex(&r->images[i].layer.digest, hex);
		if (!strncmp(hex, name, strlen(hex)))
			return true;
	}
	return false;
}

/* A delta's part, the frames that it does not make, goes with it. */
static void remove_file(const char *dir, const char *folder, const char *name)
{
	char path[PATH_MAX];

	if (!strcmp(folder, "deltas") &&
		snprintf(path, sizeof(path), "%s/partial/%s", dir, name) < PATH_MAX)
		unlink(path);
	if (snprintf(path, sizeof(path), "%s/%s/%s", dir, folder, name) < PATH_MAX)
		unlink(path);
}

static void sweep(const char *dir, const char *folder, const struct release *keep)
{
	const char *budget = strrchr(STORE_BUDGET, '/') + 1;
	struct err ignored;
	char path[PATH_MAX];

	DIR *d = path_join(path, dir, folder, &ignored) < 0 ? NULL : opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.' && !is_of(keep, e->d_name) &&
			!(keep && !strcmp(e->d_name, budget)))
			remove_file(dir, folder, e->d_name);
	if (d)
		closedir(d);
}

void store_sweep_partial(const char *dir, const struct release *keep)
{
	sweep(dir, "partial", keep);
}

void store_sweep_deltas(const char *dir, const struct release *keep)
{
	sweep(dir, "deltas", keep);
}

static int index_path(const char *dir, char slot, char path[PATH_MAX], struct err *err)
{
	char name[16];

	snprintf(name, sizeof(name), "slots/%c.index", slot);
	return path_join(path, dir, name, err);
}

int store_index_write(const char *dir, char slot, const struct buf *index, struct err *err)
{
	char path[PATH_MAX];

	if (index_path(dir, slot, path, err) < 0)
		return -1;
	return file_publish(path, index->data, index->len, 0644, err);
}

int store_index_read(const char *dir, char slot, struct buf *index, struct err *err)
{
	char path[PATH_MAX];

	return index_path(dir, slot, path, err) < 0 ? -1 : file_read(path, index, err);
}
