/* SPDX-License-Identifier: Apache-2.0 */
/* The blobs of a layout; the other half of layout.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/layout.h"

#define HINT_DAMAGED "it was not copied in full: copy the whole release there again"

int layout_blob_path(
	const char *dir, const struct digest *digest, char out[PATH_MAX], struct err *err)
{
	char hex[DIGEST_HEX_LEN], name[sizeof(LAYOUT_BLOB_FORMAT) + DIGEST_HEX_LEN];

	digest_hex(digest, hex);
	snprintf(name, sizeof(name), LAYOUT_BLOB_FORMAT, hex);
	return path_join(out, dir, name, err);
}

int layout_blob_open(const char *dir, const struct descriptor *d, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (layout_blob_path(dir, &d->digest, path, err) < 0)
		return -1;
	AUTO_FD fd = file_open_read(path, err);
	if (fd < 0 && errno == ENOENT) {
		err_set(err, OTA_CORRUPT, "%s is missing from the layout", path);
		return err_hint(err, HINT_DAMAGED);
	}
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	if ((uint64_t)st.st_size != d->size) {
		err_set(err, OTA_CORRUPT, "%s has %ju bytes instead of %ju", path,
			(uintmax_t)st.st_size, (uintmax_t)d->size);
		return err_hint(err, HINT_DAMAGED);
	}
	return fd_take(&fd);
}

bool layout_blob_exists(const char *dir, const struct descriptor *d)
{
	struct err ignored;
	AUTO_FD fd = layout_blob_open(dir, d, &ignored);

	return fd >= 0;
}

int layout_blob_put(
	const char *dir, const void *data, size_t len, struct descriptor *d, struct err *err)
{
	char path[PATH_MAX];

	if (digest_of(data, len, &d->digest, err) < 0)
		return -1;
	d->size = len;
	if (layout_blob_path(dir, &d->digest, path, err) < 0)
		return -1;
	return file_publish(path, data, len, 0644, err);
}

/* Collects the digests that manifests name: raw 32-byte pieces, one behind the other. */
struct marks {
	const char *dir;
	struct buf seen;
};

static bool is_marked(const struct marks *m, const struct digest *d)
{
	for (size_t at = 0; at < m->seen.len; at += DIGEST_LEN)
		if (!memcmp(m->seen.data + at, d->bytes, DIGEST_LEN))
			return true;
	return false;
}

static int mark(struct marks *m, const json_t *entry, struct descriptor *d, struct err *err)
{
	if (!entry || descriptor_read_open(entry, d, "manifest", err) < 0)
		return -1;
	return buf_add(&m->seen, d->digest.bytes, DIGEST_LEN, err);
}

static int mark_all(struct marks *m, const json_t *list, struct err *err)
{
	struct descriptor d;

	for (size_t i = 0; i < json_length(list); i++)
		if (mark(m, json_item(list, i, "manifest", err), &d, err) < 0)
			return -1;
	return 0;
}

static int mark_listed(struct marks *m, const json_t *manifests, bool follow, struct err *err);

/* Marks what one manifest names, or, where `follow` allows, what those that an index lists do. One
 * that is missing or unreadable marks nothing more. */
static int mark_manifest(struct marks *m, const struct descriptor *d, bool follow, struct err *err)
{
	json_t *config = NULL, *layers = NULL, *manifests = NULL;
	const struct json_field fields[] = {
		{.name = "config", .kind = JSON_KIND_OBJECT, .out = &config, .optional = true},
		{.name = "layers", .kind = JSON_KIND_ARRAY, .out = &layers, .optional = true},
		{.name = "manifests", .kind = JSON_KIND_ARRAY, .out = &manifests, .optional = true},
	};
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	struct descriptor named;
	char path[PATH_MAX];

	if (layout_blob_path(m->dir, &d->digest, path, err) < 0)
		return -1;
	if (file_read(path, &text, err) < 0)
		return 0;
	AUTO_JSON *root = json_parse(text.data, text.len, "manifest", err);
	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "manifest", err) < 0)
		return 0;
	if (config && mark(m, config, &named, err) < 0)
		return -1;
	if (layers && mark_all(m, layers, err) < 0)
		return -1;
	return manifests && follow ? mark_listed(m, manifests, false, err) : 0;
}

static int mark_listed(struct marks *m, const json_t *manifests, bool follow, struct err *err)
{
	struct descriptor d;

	for (size_t i = 0; i < json_length(manifests); i++)
		if (mark(m, json_item(manifests, i, "manifests", err), &d, err) < 0 ||
			mark_manifest(m, &d, follow, err) < 0)
			return -1;
	return 0;
}

static int mark_index(struct marks *m, struct err *err)
{
	json_t *manifests = NULL;
	const struct json_field fields[] = {
		{.name = "manifests", .kind = JSON_KIND_ARRAY, .out = &manifests}};
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	char path[PATH_MAX];

	if (path_join(path, m->dir, "index.json", err) < 0 || file_read(path, &text, err) < 0)
		return -1;
	AUTO_JSON *root = json_parse(text.data, text.len, "index.json", err);
	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "index.json", err) < 0)
		return -1;
	return mark_listed(m, manifests, true, err);
}

static int sweep(const struct marks *m, struct err *err)
{
	char path[PATH_MAX];
	struct digest digest;
	struct err ignored;

	if (path_join(path, m->dir, "blobs/sha256", err) < 0)
		return -1;
	DIR *d = opendir(path);
	if (!d)
		return err_errno(err, OTA_IO, "%s", path);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && (digest_parse_hex(e->d_name, &digest, &ignored) < 0 ||
						   !is_marked(m, &digest)))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return 0;
}

int layout_gc(const char *dir, const struct descriptor *keep, size_t n_keep, struct err *err)
{
	struct marks m = {.dir = dir, .seen = BUF(JSON_MAX_VALUES * DIGEST_LEN)};
	int rc = mark_index(&m, err);

	for (size_t i = 0; i < n_keep && rc == 0; i++)
		rc = buf_add(&m.seen, keep[i].digest.bytes, DIGEST_LEN, err) < 0
			     ? -1
			     : mark_manifest(&m, &keep[i], false, err);
	if (rc == 0)
		rc = sweep(&m, err);
	buf_free(&m.seen);
	return rc;
}
