/* SPDX-License-Identifier: Apache-2.0 */
#include "io/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"

#define REF_NAME "org.opencontainers.image.ref.name"
#define EMPTY_INDEX "{\"schemaVersion\":2,\"manifests\":[]}"

bool tag_is_sound(const char *tag)
{
	static const char first[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	size_t len = strlen(tag);

	return len > 0 && len < TAG_LEN && strchr(first, tag[0]) &&
	       strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
		       len;
}

int layout_split(const char *text, char dir[PATH_MAX], char tag[TAG_LEN], struct err *err)
{
	if (!strncmp(text, "oci:", 4))
		text += 4;
	const char *colon = strrchr(text, ':');
	size_t dir_len = colon && !strchr(colon, '/') ? (size_t)(colon - text) : strlen(text);

	if (dir_len == 0 || dir_len >= PATH_MAX)
		return err_set(
			err, OTA_USAGE, "'%.100s' names no folder like DIR or DIR:TAG", text);
	memcpy(dir, text, dir_len);
	dir[dir_len] = '\0';
	const char *name = text[dir_len] ? text + dir_len + 1 : "latest";
	if (!tag_is_sound(name))
		return err_set(err, OTA_USAGE, "'%.100s' is not a tag", name);
	strcpy(tag, name);
	return 0;
}

int layout_create(const char *dir, struct err *err)
{
	static const char version[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	char path[PATH_MAX];

	if (path_join(path, dir, "blobs/sha256", err) < 0 || dir_make(path, err) < 0)
		return -1;
	file_sweep(path);
	if (path_join(path, dir, "oci-layout", err) < 0)
		return -1;
	if (access(path, F_OK) < 0 && file_publish(path, version, strlen(version), 0644, err) < 0)
		return -1;
	if (path_join(path, dir, "index.json", err) < 0)
		return -1;
	file_sweep(dir);
	if (access(path, F_OK) == 0)
		return 0;
	return file_publish(path, EMPTY_INDEX, strlen(EMPTY_INDEX), 0644, err);
}

/* Reads index.json as a whole; `manifests` is borrowed from what it returns. */
static json_t *index_parse_text(const char *text, size_t len, json_t **manifests, struct err *err)
{
	const struct json_field fields[] = {
		{.name = "manifests", .kind = JSON_KIND_ARRAY, .out = manifests}};
	AUTO_JSON *root = json_parse(text, len, "index.json", err);
	json_t *taken = root;

	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "index.json", err) < 0)
		return NULL;
	root = NULL;
	return taken;
}

static json_t *index_load(const char *dir, json_t **manifests, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	char path[PATH_MAX];

	if (path_join(path, dir, "index.json", err) < 0)
		return NULL;
	if (file_read(path, &text, err) < 0) {
		err_wrap(err, "no OCI layout at %s", dir);
		return NULL;
	}
	json_t *root = index_parse_text(text.data ? text.data : "", text.len, manifests, err);
	if (!root)
		err_wrap(err, "%s", dir);
	return root;
}

/* The tag of an entry: "" where it has none. */
static int entry_tag(const json_t *entry, char tag[TAG_LEN], struct err *err)
{
	json_t *annotations = NULL;
	const struct json_field outer[] = {{.name = "annotations",
		.kind = JSON_KIND_OBJECT,
		.out = &annotations,
		.optional = true}};
	const struct json_field inner[] = {{.name = REF_NAME,
		.kind = JSON_KIND_STRING,
		.out = tag,
		.size = TAG_LEN,
		.optional = true}};

	tag[0] = '\0';
	if (json_read_open(entry, outer, 1, "index.json", err) < 0)
		return -1;
	return annotations ? json_read_open(annotations, inner, 1, "index.json", err) : 0;
}

/* The place of the tag's entry, or the array's length where there is none. */
static int find_entry(const json_t *manifests, const char *tag, size_t *place, struct err *err)
{
	size_t n = json_length(manifests), found = n;
	char name[TAG_LEN];

	for (size_t i = 0; i < n; i++) {
		const json_t *entry = json_item(manifests, i, "index.json", err);
		if (!entry || entry_tag(entry, name, err) < 0)
			return -1;
		if (strcmp(name, tag))
			continue;
		if (found < n)
			return err_set(err, OTA_CORRUPT, "index.json: tag '%s' stands twice", tag);
		found = i;
	}
	*place = found;
	return 0;
}

static int no_tag(const char *tag, struct err *err)
{
	err_set(err, OTA_REFUSED, "no tag '%s' in the layout", tag);
	return err_hint(err, "name one that is there: oci:DIR:TAG or https://HOST/DIR#TAG");
}

static int index_find(
	const json_t *manifests, const char *tag, struct descriptor *d, struct err *err)
{
	size_t place;

	if (find_entry(manifests, tag, &place, err) < 0)
		return -1;
	if (place == json_length(manifests))
		return no_tag(tag, err);
	return descriptor_read_open(json_item(manifests, place, "index.json", err), d, tag, err);
}

int layout_index_find(
	const char *text, size_t len, const char *tag, struct descriptor *d, struct err *err)
{
	json_t *manifests;
	AUTO_JSON *root = index_parse_text(text, len, &manifests, err);

	return root ? index_find(manifests, tag, d, err) : -1;
}

int layout_tag_get(const char *dir, const char *tag, struct descriptor *d, struct err *err)
{
	json_t *manifests;
	AUTO_JSON *root = index_load(dir, &manifests, err);

	if (!root)
		return -1;
	if (index_find(manifests, tag, d, err) < 0)
		return err_wrap(err, "%s", dir);
	return 0;
}

int layout_each(const char *dir, layout_visit *visit, void *ctx, struct err *err)
{
	json_t *manifests;
	AUTO_JSON *root = index_load(dir, &manifests, err);
	char tag[TAG_LEN];
	struct descriptor d;

	for (size_t i = 0; root && i < json_length(manifests); i++) {
		const json_t *entry = json_item(manifests, i, "index.json", err);
		if (!entry || entry_tag(entry, tag, err) < 0 ||
			descriptor_read_open(entry, &d, "index.json", err) < 0 ||
			visit(ctx, tag, &d, err) < 0)
			return -1;
	}
	return root ? 0 : -1;
}

static int no_room(const char *dir, struct err *err)
{
	err_set(err, OTA_SPACE, "%s: index.json has no room for another tag", dir);
	return err_hint(err, "take one away that nobody needs, in a store: ota container rm NAME");
}

/* What could not be read again would be worth less than what is there: a store that finds it takes
 * it for damaged, and begins anew. */
static int index_save(const char *dir, const json_t *root, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	char path[PATH_MAX];
	struct err why;

	if (json_write(root, &text, err) < 0)
		return err->code == OTA_CORRUPT ? no_room(dir, err) : -1;
	AUTO_JSON *again = json_parse(text.data, text.len, "index.json", &why);
	if (!again)
		return no_room(dir, err);
	if (path_join(path, dir, "index.json", err) < 0)
		return -1;
	return file_publish(path, text.data, text.len, 0644, err);
}

static json_t *tagged_entry(const char *tag, const struct descriptor *d, struct err *err)
{
	char digest[DIGEST_TEXT_LEN];

	digest_text(&d->digest, digest);
	return json_make(err, "{s:s, s:s, s:I, s:{s:s}}", "mediaType", d->media_type, "digest",
		digest, "size", (long long)d->size, "annotations", REF_NAME, tag);
}

int layout_tag_set(const char *dir, const char *tag, const struct descriptor *d, struct err *err)
{
	json_t *manifests;
	AUTO_JSON *root = index_load(dir, &manifests, err);
	size_t place;

	if (!root || find_entry(manifests, tag, &place, err) < 0)
		return -1;
	json_t *entry = tagged_entry(tag, d, err);
	if (!entry)
		return -1;
	if (place < json_length(manifests))
		json_remove_item(manifests, place);
	if (json_append(manifests, entry, err) < 0)
		return -1;
	return index_save(dir, root, err);
}

int layout_tag_remove(const char *dir, const char *tag, struct err *err)
{
	json_t *manifests;
	AUTO_JSON *root = index_load(dir, &manifests, err);
	size_t place;

	if (!root || find_entry(manifests, tag, &place, err) < 0)
		return -1;
	if (place == json_length(manifests))
		return 0;
	json_remove_item(manifests, place);
	return index_save(dir, root, err);
}
