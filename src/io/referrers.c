/* SPDX-License-Identifier: Apache-2.0 */
#include "io/referrers.h"

#include <stdio.h>
#include <string.h>

#define EMPTY_INDEX                                                                                \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_IMAGE_INDEX "\",\"manifests\":[]}"

void referrers_tag(const struct digest *subject, char tag[REFERRERS_TAG_LEN])
{
	char hex[DIGEST_HEX_LEN];

	digest_hex(subject, hex);
	snprintf(tag, REFERRERS_TAG_LEN, "sha256-%s", hex);
}

static json_t *parse(const char *text, size_t len, json_t **manifests, struct err *err)
{
	const struct json_field fields[] = {
		{.name = "manifests", .kind = JSON_KIND_ARRAY, .out = manifests}};
	AUTO_JSON *root = json_parse(text, len, "referrers", err);
	json_t *taken = root;

	if (!root || json_read_open(root, fields, 1, "referrers", err) < 0)
		return NULL;
	root = NULL;
	return taken;
}

static int read_type(const json_t *entry, char type[MEDIA_TYPE_LEN], struct err *err)
{
	const struct json_field fields[] = {{.name = "artifactType",
		.kind = JSON_KIND_STRING,
		.out = type,
		.size = MEDIA_TYPE_LEN,
		.optional = true}};

	type[0] = '\0';
	return json_read_open(entry, fields, 1, "referrers", err);
}

bool referrers_base(const json_t *object, struct digest *base)
{
	char text[DIGEST_TEXT_LEN] = "";
	json_t *annotations = NULL;
	const struct json_field outer[] = {{.name = "annotations",
		.kind = JSON_KIND_OBJECT,
		.out = &annotations,
		.optional = true}};
	const struct json_field inner[] = {{.name = ANNOTATION_DELTA_BASE,
		.kind = JSON_KIND_STRING,
		.out = text,
		.size = sizeof(text),
		.optional = true}};
	struct err ignored;

	return json_read_open(object, outer, 1, "referrers", &ignored) == 0 && annotations &&
	       json_read_open(annotations, inner, 1, "referrers", &ignored) == 0 &&
	       digest_parse(text, base, &ignored) == 0;
}

/* What skopeo up to 1.9 copies loses the types in a list, not the annotations. */
static bool is_of_type(const char *type, const char *wanted, bool has_base)
{
	return !wanted || !strcmp(type, wanted) || (!type[0] && has_base);
}

int referrers_read(const char *text, size_t len, const char *artifact_type, struct referrers *list,
	struct err *err)
{
	char type[MEDIA_TYPE_LEN];
	json_t *manifests;
	AUTO_JSON *root = parse(text, len, &manifests, err);

	list->n = 0;
	for (size_t i = 0; root && i < json_length(manifests) && list->n < REFERRERS_MAX; i++) {
		const json_t *entry = json_item(manifests, i, "referrers", err);
		struct descriptor *d = &list->items[list->n];
		bool *has_base = &list->has_base[list->n];
		if (!entry || read_type(entry, type, err) < 0 ||
			descriptor_read_open(entry, d, "referrers", err) < 0)
			return -1;
		*has_base = referrers_base(entry, &list->base[list->n]);
		list->n += is_of_type(type, artifact_type, *has_base);
	}
	return root ? 0 : -1;
}

static int find(const json_t *manifests, const struct digest *digest, bool *had, struct err *err)
{
	struct descriptor d;

	*had = false;
	for (size_t i = 0; !*had && i < json_length(manifests); i++) {
		const json_t *entry = json_item(manifests, i, "referrers", err);
		if (!entry || descriptor_read_open(entry, &d, "referrers", err) < 0)
			return -1;
		*had = digest_equal(&d.digest, digest);
	}
	return 0;
}

static json_t *entry_json(const struct descriptor *d, const char *artifact_type,
	const struct digest *base, struct err *err)
{
	char digest[DIGEST_TEXT_LEN], text[DIGEST_TEXT_LEN];

	digest_text(&d->digest, digest);
	if (!base)
		return json_make(err, "{s:s, s:s, s:I, s:s}", "mediaType", d->media_type, "digest",
			digest, "size", (long long)d->size, "artifactType", artifact_type);
	digest_text(base, text);
	return json_make(err, "{s:s, s:s, s:I, s:s, s:{s:s}}", "mediaType", d->media_type, "digest",
		digest, "size", (long long)d->size, "artifactType", artifact_type, "annotations",
		ANNOTATION_DELTA_BASE, text);
}

int referrers_add(const char *text, size_t len, const struct descriptor *d,
	const char *artifact_type, const struct digest *base, struct buf *out, bool *had,
	struct err *err)
{
	json_t *manifests;
	AUTO_JSON *root = len ? parse(text, len, &manifests, err)
			      : parse(EMPTY_INDEX, strlen(EMPTY_INDEX), &manifests, err);

	if (!root || find(manifests, &d->digest, had, err) < 0)
		return -1;
	if (!*had && json_append(manifests, entry_json(d, artifact_type, base, err), err) < 0)
		return -1;
	return json_write(root, out, err);
}
