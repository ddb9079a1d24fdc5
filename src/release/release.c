/* SPDX-License-Identifier: Apache-2.0 */
#include "release/release.h"

#include <string.h>

#include "base/clock.h"
#include "release/chunks.h"
#include "release/index.h"

#define INDEXES_MAX_BYTES (2u * INDEX_MAX_BYTES) /* of all images together */

bool release_word_is_sound(const char *word)
{
	size_t len = strlen(word);

	return len > 0 && len < WORD_LEN &&
	       strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~^+:"
			    "-") == len;
}

static bool is_reuse(const struct descriptor *layer)
{
	return !strncmp(
		layer->media_type, MEDIA_TYPE_REUSE_PREFIX, strlen(MEDIA_TYPE_REUSE_PREFIX));
}

/* What helps to reuse an image stands behind its index, the data behind their list. */
static int take_reuse(const struct descriptor *layer, struct release *r, struct err *err)
{
	struct image *image = r->n_images ? &r->images[r->n_images - 1] : NULL;
	bool is_chunks = !strcmp(layer->media_type, MEDIA_TYPE_REUSE_CHUNKS);

	if (!is_chunks && strcmp(layer->media_type, MEDIA_TYPE_REUSE_DATA))
		return 0;
	if (!image || !image->index.size || image->data.size ||
		is_chunks != (image->chunks.size == 0))
		return err_set(err, OTA_CORRUPT, "manifest: %s is out of place", layer->media_type);
	*(is_chunks ? &image->chunks : &image->data) = *layer;
	return 0;
}

/* An image's layer opens it, its index follows and closes it. */
static int take_layer(const struct descriptor *layer, struct release *r, struct err *err)
{
	struct image *open = r->n_images ? &r->images[r->n_images - 1] : NULL;
	bool is_layer = !strcmp(layer->media_type, MEDIA_TYPE_IMAGE);
	bool is_index = !strcmp(layer->media_type, MEDIA_TYPE_INDEX);

	if (is_reuse(layer))
		return take_reuse(layer, r, err);
	if (!is_layer && !is_index)
		return err_set(
			err, OTA_INCOMPATIBLE, "manifest: unknown layer '%s'", layer->media_type);
	bool is_open = open && !open->index.size;
	if (is_index != is_open)
		return err_set(err, OTA_CORRUPT,
			"manifest: each image is a layer, then its index; not so at %s",
			layer->media_type);
	if (is_index)
		open->index = *layer;
	else if (r->n_images == IMAGES_MAX)
		return err_set(err, OTA_CORRUPT, "manifest: more than %d images", IMAGES_MAX);
	else
		r->images[r->n_images++].layer = *layer;
	return 0;
}

static int check_reuse(const struct release *r, struct err *err)
{
	for (size_t i = 0; i < r->n_images; i++)
		if (r->images[i].chunks.size && !r->images[i].data.size)
			return err_set(err, OTA_CORRUPT, "manifest: a layer %s without %s",
				MEDIA_TYPE_REUSE_CHUNKS, MEDIA_TYPE_REUSE_DATA);
	return 0;
}

/* A device loads them all before it knows what is missing. */
static int check_indexes(const struct release *r, struct err *err)
{
	uint64_t left = INDEXES_MAX_BYTES;

	for (size_t i = 0; i < r->n_images; i++) {
		if (r->images[i].index.size > left)
			return err_set(err, OTA_CORRUPT, "manifest: more than %u bytes of indexes",
				INDEXES_MAX_BYTES);
		left -= r->images[i].index.size;
	}
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
	if (!r->n_images || !r->images[r->n_images - 1].index.size)
		return err_set(err, OTA_CORRUPT, "manifest: no layer of type %s",
			r->n_images ? MEDIA_TYPE_INDEX : MEDIA_TYPE_IMAGE);
	return check_reuse(r, err) < 0 ? -1 : check_indexes(r, err);
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

static int check_name(const struct release *r, size_t i, struct err *err)
{
	const char *name = r->images[i].name;

	if (i == 0 && !strcmp(name, IMAGE_ROOTFS))
		return 0;
	if (i == 0 || strncmp(name, IMAGE_BOOT_PREFIX, strlen(IMAGE_BOOT_PREFIX)))
		return err_set(err, OTA_INCOMPATIBLE, "config: unknown image '%s'", name);
	if (fatname_check(image_boot_path(&r->images[i]), err) < 0)
		return err_wrap(err, "config: image");
	for (size_t k = 1; k < i; k++)
		if (fatname_collide(image_boot_path(&r->images[k]), image_boot_path(&r->images[i])))
			return err_set(err, OTA_CORRUPT,
				"config: images '%s' and '%s' are one file to FAT",
				r->images[k].name, name);
	return 0;
}

static int parse_image(const json_t *images, struct release *r, size_t i, struct err *err)
{
	struct image *image = &r->images[i];
	char digest[DIGEST_HEX_LEN];
	const struct json_field fields[] = {
		{.name = "name",
			.kind = JSON_KIND_STRING,
			.out = image->name,
			.size = sizeof(image->name)},
		{.name = "size", .kind = JSON_KIND_UINT, .out = &image->raw_bytes},
		{.name = "sha256", .kind = JSON_KIND_STRING, .out = digest, .size = sizeof(digest)},
	};
	const json_t *item = json_item(images, i, "config: images", err);

	if (!item || json_read(item, fields, ARRAY_LEN(fields), "config: image", err) < 0)
		return -1;
	if (digest_parse_hex(digest, &image->raw_digest, err) < 0)
		return err_wrap(err, "config: image");
	return check_name(r, i, err);
}

static int parse_images(const json_t *images, struct release *r, struct err *err)
{
	if (json_length(images) != r->n_images)
		return err_set(err, OTA_CORRUPT, "config: %zu images where the manifest has %zu",
			json_length(images), r->n_images);
	for (size_t i = 0; i < r->n_images; i++)
		if (parse_image(images, r, i, err) < 0)
			return -1;
	return 0;
}

/* Words hold no line end and no blank, so no two releases give the same text. */
int release_set_content(struct release *r, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	char raw[DIGEST_HEX_LEN];

	if (buf_printf(&text, err, "%s\n%s\n%ju\n%s\n", r->version, r->compatible,
		    (uintmax_t)r->epoch, r->channel) < 0)
		return -1;
	for (size_t i = 0; i < r->n_images; i++) {
		digest_hex(&r->images[i].raw_digest, raw);
		if (buf_printf(&text, err, "%s %ju %s\n", r->images[i].name,
			    (uintmax_t)r->images[i].raw_bytes, raw) < 0)
			return -1;
	}
	return digest_of(text.data, text.len, &r->content, err);
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
	if (r->created != NO_TIME && r->expires != NO_TIME && r->expires < r->created)
		return err_set(err, OTA_CORRUPT, "config: it expires before it was created");
	return parse_images(images, r, err) < 0 ? -1 : release_set_content(r, err);
}

static int append_layers(json_t *layers, const struct image *image, struct err *err)
{
	const struct descriptor *const all[] = {
		&image->layer, &image->index, &image->chunks, &image->data};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i]->size && json_append(layers, descriptor_json(all[i], err), err) < 0)
			return -1;
	return 0;
}

int release_write_manifest(const struct release *r, struct buf *out, struct err *err)
{
	AUTO_JSON *layers = json_make(err, "[]");

	for (size_t i = 0; layers && i < r->n_images; i++)
		if (append_layers(layers, &r->images[i], err) < 0)
			return -1;
	if (!layers)
		return -1;
	AUTO_JSON *root = json_make(err, "{s:i, s:s, s:s, s:o, s:O}", "schemaVersion", 2,
		"mediaType", MEDIA_TYPE_MANIFEST, "artifactType", ARTIFACT_TYPE_OS, "config",
		descriptor_json(&r->config, err), "layers", layers);

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

static int append_image(json_t *images, const struct image *image, struct err *err)
{
	char raw[DIGEST_HEX_LEN];

	digest_hex(&image->raw_digest, raw);
	return json_append(images,
		json_make(err, "{s:s, s:I, s:s}", "name", image->name, "size",
			(long long)image->raw_bytes, "sha256", raw),
		err);
}

int release_write_config(const struct release *r, struct buf *out, struct err *err)
{
	char created[CLOCK_TEXT_LEN], expires[CLOCK_TEXT_LEN];
	AUTO_JSON *images = json_make(err, "[]");

	for (size_t i = 0; images && i < r->n_images; i++)
		if (append_image(images, &r->images[i], err) < 0)
			return -1;
	if (!images)
		return -1;
	AUTO_JSON *root = json_make(err, "{s:s, s:s, s:I, s:s*, s:s*, s:s*, s:i, s:O}", "version",
		r->version, "compatible", r->compatible, "epoch", (long long)r->epoch, "channel",
		r->channel[0] ? r->channel : NULL, "created", time_or_null(r->created, created),
		"expires", time_or_null(r->expires, expires), "phase", (int)r->phase, "images",
		images);
	return root ? json_write(root, out, err) : -1;
}
