/* SPDX-License-Identifier: Apache-2.0 */
#include "release/release.h"

#include <string.h>

#include "base/clock.h"
#include "release/index.h"

#define IMAGE_NAME "rootfs"

bool release_word_is_sound(const char *word)
{
	size_t len = strlen(word);

	return len > 0 && len < WORD_LEN &&
	       strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~^+:"
			    "-") == len;
}

static int take_layer(const struct descriptor *layer, struct release *r, struct err *err)
{
	struct descriptor *place = NULL;

	if (!strcmp(layer->media_type, MEDIA_TYPE_IMAGE))
		place = &r->image;
	else if (!strcmp(layer->media_type, MEDIA_TYPE_INDEX))
		place = &r->index;
	else if (!strncmp(layer->media_type, MEDIA_TYPE_REUSE_PREFIX,
			 strlen(MEDIA_TYPE_REUSE_PREFIX)))
		return 0;
	else
		return err_set(
			err, OTA_INCOMPATIBLE, "manifest: unknown layer '%s'", layer->media_type);
	if (place->size)
		return err_set(
			err, OTA_CORRUPT, "manifest: two layers of type %s", layer->media_type);
	*place = *layer;
	return 0;
}

static int take_layers(const json_t *layers, struct release *r, struct err *err)
{
	struct descriptor layer;

	for (size_t i = 0; i < json_length(layers); i++) {
		const json_t *item = json_item(layers, i, "manifest: layers", err);
		if (!item || descriptor_read(item, &layer, "manifest: layer", err) < 0)
			return -1;
		if (layer.size == 0 || layer.size > INT64_MAX)
			return err_set(err, OTA_CORRUPT, "manifest: a layer of %ju bytes",
				(uintmax_t)layer.size);
		if (take_layer(&layer, r, err) < 0)
			return -1;
	}
	if (!r->image.size || !r->index.size)
		return err_set(err, OTA_CORRUPT, "manifest: no layer of type %s",
			r->image.size ? MEDIA_TYPE_INDEX : MEDIA_TYPE_IMAGE);
	return 0;
}

int release_parse_manifest(const char *text, size_t len, struct release *r, struct err *err)
{
	char media_type[MEDIA_TYPE_LEN], artifact_type[MEDIA_TYPE_LEN];
	uint64_t schema;
	json_t *config, *layers;
	const struct json_field fields[] = {
		{.name = "schemaVersion", .kind = JSON_KIND_UINT, .out = &schema},
		{.name = "mediaType",
			.kind = JSON_KIND_STRING,
			.out = media_type,
			.size = sizeof(media_type)},
		{.name = "artifactType",
			.kind = JSON_KIND_STRING,
			.out = artifact_type,
			.size = sizeof(artifact_type)},
		{.name = "config", .kind = JSON_KIND_OBJECT, .out = &config},
		{.name = "layers", .kind = JSON_KIND_ARRAY, .out = &layers},
	};
	AUTO_JSON *root = json_parse(text, len, "manifest", err);

	memset(r, 0, sizeof(*r));
	if (!root || json_read(root, fields, ARRAY_LEN(fields), "manifest", err) < 0)
		return -1;
	if (schema != 2 || strcmp(media_type, MEDIA_TYPE_MANIFEST))
		return err_set(err, OTA_CORRUPT, "manifest: not an OCI image manifest");
	if (strcmp(artifact_type, ARTIFACT_TYPE_OS))
		return err_set(err, OTA_INCOMPATIBLE, "manifest: '%s' is not an OS release",
			artifact_type);
	if (descriptor_read(config, &r->config, "manifest: config", err) < 0)
		return -1;
	if (strcmp(r->config.media_type, MEDIA_TYPE_CONFIG))
		return err_set(
			err, OTA_CORRUPT, "manifest: config of type '%s'", r->config.media_type);
	return take_layers(layers, r, err);
}

static int parse_images(const json_t *images, struct release *r, struct err *err)
{
	char name[WORD_LEN], digest[DIGEST_HEX_LEN];
	const struct json_field fields[] = {
		{.name = "name", .kind = JSON_KIND_STRING, .out = name, .size = sizeof(name)},
		{.name = "size", .kind = JSON_KIND_UINT, .out = &r->raw_bytes},
		{.name = "sha256", .kind = JSON_KIND_STRING, .out = digest, .size = sizeof(digest)},
	};
	if (json_length(images) != 1)
		return err_set(err, OTA_INCOMPATIBLE, "config: %zu images where one is known",
			json_length(images));
	const json_t *image = json_item(images, 0, "config: images", err);
	if (!image || json_read(image, fields, ARRAY_LEN(fields), "config: image", err) < 0)
		return -1;
	if (strcmp(name, IMAGE_NAME))
		return err_set(err, OTA_INCOMPATIBLE, "config: unknown image '%s'", name);
	if (digest_parse_hex(digest, &r->raw_digest, err) < 0)
		return err_wrap(err, "config: image");
	return 0;
}

static int parse_time(const char *text, int64_t *utc_s, const char *what, struct err *err)
{
	*utc_s = NO_TIME;
	if (!text[0] || clock_parse(text, utc_s, err) == 0)
		return 0;
	err->code = OTA_CORRUPT;
	return err_wrap(err, "config: %s", what);
}

int release_parse_config(const char *text, size_t len, struct release *r, struct err *err)
{
	char created[32] = "", expires[32] = "";
	uint64_t phase = PHASE_ALL;
	bool has_channel;
	json_t *images;
	const struct json_field fields[] = {
		{.name = "version", .kind = JSON_KIND_STRING, .out = r->version, .size = WORD_LEN},
		{.name = "compatible",
			.kind = JSON_KIND_STRING,
			.out = r->compatible,
			.size = WORD_LEN},
		{.name = "epoch", .kind = JSON_KIND_UINT, .out = &r->epoch},
		{.name = "channel",
			.kind = JSON_KIND_STRING,
			.out = r->channel,
			.size = WORD_LEN,
			.optional = true,
			.found = &has_channel},
		{.name = "created",
			.kind = JSON_KIND_STRING,
			.out = created,
			.size = sizeof(created),
			.optional = true},
		{.name = "expires",
			.kind = JSON_KIND_STRING,
			.out = expires,
			.size = sizeof(expires),
			.optional = true},
		{.name = "phase", .kind = JSON_KIND_UINT, .out = &phase, .optional = true},
		{.name = "images", .kind = JSON_KIND_ARRAY, .out = &images},
	};
	AUTO_JSON *root = json_parse(text, len, "config", err);

	r->channel[0] = '\0';
	if (!root || json_read(root, fields, ARRAY_LEN(fields), "config", err) < 0)
		return -1;
	if (!release_word_is_sound(r->version) || !release_word_is_sound(r->compatible) ||
		(has_channel && !release_word_is_sound(r->channel)))
		return err_set(
			err, OTA_CORRUPT, "config: version, compatible or channel is no word");
	if (phase > PHASE_ALL)
		return err_set(
			err, OTA_CORRUPT, "config: a phase of %ju percent", (uintmax_t)phase);
	r->phase = (unsigned)phase;
	if (parse_time(created, &r->created, "created", err) < 0 ||
		parse_time(expires, &r->expires, "expires", err) < 0)
		return -1;
	return parse_images(images, r, err);
}

int release_write_manifest(const struct release *r, struct buf *out, struct err *err)
{
	AUTO_JSON *root = json_make(err, "{s:i, s:s, s:s, s:o, s:[o, o]}", "schemaVersion", 2,
		"mediaType", MEDIA_TYPE_MANIFEST, "artifactType", ARTIFACT_TYPE_OS, "config",
		descriptor_json(&r->config, err), "layers", descriptor_json(&r->image, err),
		descriptor_json(&r->index, err));

	return root ? json_write(root, out, err) : -1;
}

/* An optional member as jansson's "s*" takes it: NULL is left out. */
static const char *time_or_null(int64_t utc_s, char text[CLOCK_TEXT_LEN])
{
	if (utc_s == NO_TIME)
		return NULL;
	clock_format(utc_s, text);
	return text;
}

int release_write_config(const struct release *r, struct buf *out, struct err *err)
{
	char created[CLOCK_TEXT_LEN], expires[CLOCK_TEXT_LEN], raw[DIGEST_HEX_LEN];

	digest_hex(&r->raw_digest, raw);
	AUTO_JSON *root = json_make(err,
		"{s:s, s:s, s:I, s:s*, s:s*, s:s*, s:i, s:[{s:s, s:I, s:s}]}", "version",
		r->version, "compatible", r->compatible, "epoch", (long long)r->epoch, "channel",
		r->channel[0] ? r->channel : NULL, "created", time_or_null(r->created, created),
		"expires", time_or_null(r->expires, expires), "phase", (int)r->phase, "images",
		"name", IMAGE_NAME, "size", (long long)r->raw_bytes, "sha256", raw);
	return root ? json_write(root, out, err) : -1;
}
