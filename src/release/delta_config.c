/* SPDX-License-Identifier: Apache-2.0 */
/* The config of a delta; the other half of delta_artifact.h. */
#include "release/delta_artifact.h"

#define IMAGE_LAYERS "layers" /* in place of an image's name: those of a container image */
#define LAYERS_BYTES_MAX (UINT64_C(1) << 40)

static int check_content(
	const struct digest *named, const struct delta_artifact *a, struct err *err)
{
	if (digest_equal(named, &a->base_content))
		return 0;
	return err_set(
		err, OTA_CORRUPT, "delta config: another base than the manifest's annotation");
}

/* What the config says of the base; its content must be the one of the annotation. */
static int parse_base(const json_t *base, struct delta_artifact *a, struct err *err)
{
	char content[DIGEST_TEXT_LEN], raw[DIGEST_HEX_LEN];
	struct digest named;
	const struct json_field fields[] = {
		{.name = "version",
			.kind = JSON_KIND_STRING,
			.out = a->base_version,
			.size = WORD_LEN},
		{.name = "content",
			.kind = JSON_KIND_STRING,
			.out = content,
			.size = sizeof(content)},
		{.name = "size", .kind = JSON_KIND_UINT, .out = &a->base_bytes},
		{.name = "sha256", .kind = JSON_KIND_STRING, .out = raw, .size = sizeof(raw)},
	};

	if (json_read(base, fields, ARRAY_LEN(fields), "delta config: base", err) < 0)
		return -1;
	if (digest_parse(content, &named, err) < 0 ||
		digest_parse_hex(raw, &a->base_digest, err) < 0)
		return err_wrap(err, "delta config: base");
	if (!release_word_is_sound(a->base_version))
		return err_set(err, OTA_CORRUPT, "delta config: the base's version is no word");
	if (a->base_bytes == 0)
		return err_set(err, OTA_CORRUPT, "delta config: an empty base");
	return check_content(&named, a, err);
}

static int parse_rootfs(const json_t *root, struct delta_artifact *a, struct err *err)
{
	char layer[DIGEST_TEXT_LEN];
	json_t *base;
	const struct json_field fields[] = {
		{.name = "image", .kind = JSON_KIND_ANY},
		{.name = "layer", .kind = JSON_KIND_STRING, .out = layer, .size = sizeof(layer)},
		{.name = "base", .kind = JSON_KIND_OBJECT, .out = &base},
	};

	if (json_read(root, fields, ARRAY_LEN(fields), "delta config", err) < 0)
		return -1;
	if (digest_parse(layer, &a->layer, err) < 0)
		return err_wrap(err, "delta config: layer");
	return parse_base(base, a, err);
}

static int parse_part(const json_t *item, struct delta_part *part, struct err *err)
{
	char diff_id[DIGEST_TEXT_LEN];
	const struct json_field fields[] = {
		{.name = "diff_id",
			.kind = JSON_KIND_STRING,
			.out = diff_id,
			.size = sizeof(diff_id)},
		{.name = "size", .kind = JSON_KIND_UINT, .out = &part->bytes},
	};

	if (!item || json_read(item, fields, ARRAY_LEN(fields), "delta config: layer", err) < 0)
		return -1;
	if (part->bytes == 0 || part->bytes > LAYERS_BYTES_MAX)
		return err_set(err, OTA_CORRUPT, "delta config: a layer of %ju bytes",
			(uintmax_t)part->bytes);
	return digest_parse(diff_id, &part->diff_id, err) < 0 ? err_wrap(err, "delta config: layer")
							      : 0;
}

static int parse_parts(const json_t *list, struct delta_part *parts, size_t *n, struct err *err)
{
	size_t length = json_length(list);

	if (length == 0 || length > DELTA_PARTS_MAX)
		return err_set(err, OTA_CORRUPT, "delta config: %zu layers where 1 to %d belong",
			length, DELTA_PARTS_MAX);
	for (*n = 0; *n < length; (*n)++)
		if (parse_part(json_item(list, *n, "delta config: layers", err), &parts[*n], err) <
			0)
			return -1;
	return 0;
}

static int parse_layers(const json_t *root, struct delta_artifact *a, struct err *err)
{
	json_t *base, *made, *of_base;
	char content[DIGEST_TEXT_LEN];
	struct digest named;
	const struct json_field outer[] = {
		{.name = "image", .kind = JSON_KIND_ANY},
		{.name = "layers", .kind = JSON_KIND_ARRAY, .out = &made},
		{.name = "base", .kind = JSON_KIND_OBJECT, .out = &base},
	};
	const struct json_field inner[] = {
		{.name = "version",
			.kind = JSON_KIND_STRING,
			.out = a->base_version,
			.size = WORD_LEN},
		{.name = "content",
			.kind = JSON_KIND_STRING,
			.out = content,
			.size = sizeof(content)},
		{.name = "layers", .kind = JSON_KIND_ARRAY, .out = &of_base},
	};

	a->of_layers = true;
	if (json_read(root, outer, ARRAY_LEN(outer), "delta config", err) < 0 ||
		json_read(base, inner, ARRAY_LEN(inner), "delta config: base", err) < 0 ||
		parse_parts(made, a->made, &a->n_made, err) < 0 ||
		parse_parts(of_base, a->base, &a->n_base, err) < 0 ||
		digest_parse(content, &named, err) < 0)
		return -1;
	if (!release_word_is_sound(a->base_version))
		return err_set(err, OTA_CORRUPT, "delta config: the base's version is no word");
	for (size_t i = 0; i < a->n_base; i++)
		a->base_bytes += a->base[i].bytes;
	return check_content(&named, a, err);
}

int delta_artifact_parse_config(
	const char *text, size_t len, struct delta_artifact *a, struct err *err)
{
	char image[IMAGE_NAME_LEN];
	const struct json_field fields[] = {
		{.name = "image", .kind = JSON_KIND_STRING, .out = image, .size = sizeof(image)}};
	AUTO_JSON *root = json_parse(text, len, "delta config", err);

	a->base_bytes = 0;
	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "delta config", err) < 0)
		return -1;
	if (!strcmp(image, IMAGE_ROOTFS))
		return parse_rootfs(root, a, err);
	if (!strcmp(image, IMAGE_LAYERS))
		return parse_layers(root, a, err);
	return err_set(err, OTA_INCOMPATIBLE, "delta config: unknown image '%s'", image);
}

int delta_artifact_check_target(const struct delta_artifact *a, const struct descriptor *target,
	const struct release *release, struct err *err)
{
	if (!digest_equal(&a->subject.digest, &target->digest) || a->subject.size != target->size)
		return err_set(err, OTA_CORRUPT, "delta: it makes another release");
	if (a->of_layers)
		return err_set(err, OTA_CORRUPT, "delta: it makes layers of a container image");
	if (!digest_equal(&a->layer, &release_rootfs(release)->layer.digest))
		return err_set(
			err, OTA_CORRUPT, "delta: it makes another layer than the release's");
	return 0;
}

int delta_artifact_check_image(
	const struct delta_artifact *a, const struct descriptor *target, struct err *err)
{
	if (a->of_layers && digest_equal(&a->subject.digest, &target->digest) &&
		a->subject.size == target->size)
		return 0;
	return err_set(err, OTA_CORRUPT, "delta: it makes another image");
}

static json_t *parts_json(const struct delta_part *parts, size_t n, struct err *err)
{
	AUTO_JSON *list = json_make(err, "[]");
	char diff_id[DIGEST_TEXT_LEN];

	for (size_t i = 0; list && i < n; i++) {
		digest_text(&parts[i].diff_id, diff_id);
		if (json_append(list,
			    json_make(err, "{s:s, s:I}", "diff_id", diff_id, "size",
				    (long long)parts[i].bytes),
			    err) < 0)
			return NULL;
	}
	json_t *taken = list;
	list = NULL;
	return taken;
}

static int write_layers(const struct delta_artifact *a, struct buf *out, struct err *err)
{
	char content[DIGEST_TEXT_LEN];
	json_t *made = parts_json(a->made, a->n_made, err);
	json_t *base = parts_json(a->base, a->n_base, err);

	digest_text(&a->base_content, content);
	AUTO_JSON *root = json_make(err, "{s:s, s:o, s:{s:s, s:s, s:o}}", "image", IMAGE_LAYERS,
		"layers", made, "base", "version", a->base_version, "content", content, "layers",
		base);
	return root ? json_write(root, out, err) : -1;
}

static int write_rootfs(const struct delta_artifact *a, struct buf *out, struct err *err)
{
	char layer[DIGEST_TEXT_LEN], content[DIGEST_TEXT_LEN], raw[DIGEST_HEX_LEN];

	digest_text(&a->layer, layer);
	digest_text(&a->base_content, content);
	digest_hex(&a->base_digest, raw);
	AUTO_JSON *root = json_make(err, "{s:s, s:s, s:{s:s, s:s, s:I, s:s}}", "image",
		IMAGE_ROOTFS, "layer", layer, "base", "version", a->base_version, "content",
		content, "size", (long long)a->base_bytes, "sha256", raw);
	return root ? json_write(root, out, err) : -1;
}

int delta_artifact_write_config(const struct delta_artifact *a, struct buf *out, struct err *err)
{
	return a->of_layers ? write_layers(a, out, err) : write_rootfs(a, out, err);
}
