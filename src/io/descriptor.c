/* SPDX-License-Identifier: Apache-2.0 */
#include "io/descriptor.h"

#include <string.h>

bool descriptor_is_manifest(const struct descriptor *d)
{
	return !strcmp(d->media_type, MEDIA_TYPE_MANIFEST) ||
	       !strcmp(d->media_type, MEDIA_TYPE_DOCKER_MANIFEST);
}

bool descriptor_is_index(const struct descriptor *d)
{
	return !strcmp(d->media_type, MEDIA_TYPE_IMAGE_INDEX) ||
	       !strcmp(d->media_type, MEDIA_TYPE_DOCKER_LIST);
}

typedef int reader(const json_t *, const struct json_field *, size_t, const char *, struct err *);

static int read_with(
	reader *read, const json_t *object, struct descriptor *d, const char *what, struct err *err)
{
	char digest[DIGEST_TEXT_LEN];
	const struct json_field fields[] = {
		{.name = "mediaType",
			.kind = JSON_KIND_STRING,
			.out = d->media_type,
			.size = sizeof(d->media_type)},
		{.name = "digest", .kind = JSON_KIND_STRING, .out = digest, .size = sizeof(digest)},
		{.name = "size", .kind = JSON_KIND_UINT, .out = &d->size},
	};

	if (read(object, fields, ARRAY_LEN(fields), what, err) < 0)
		return -1;
	if (digest_parse(digest, &d->digest, err) < 0)
		return err_wrap(err, "%s", what);
	return 0;
}

int descriptor_read(const json_t *object, struct descriptor *d, const char *what, struct err *err)
{
	return read_with(json_read, object, d, what, err);
}

int descriptor_read_open(
	const json_t *object, struct descriptor *d, const char *what, struct err *err)
{
	return read_with(json_read_open, object, d, what, err);
}

json_t *descriptor_json(const struct descriptor *d, struct err *err)
{
	char digest[DIGEST_TEXT_LEN];

	digest_text(&d->digest, digest);
	return json_make(err, "{s:s, s:s, s:I}", "mediaType", d->media_type, "digest", digest,
		"size", (long long)d->size);
}
