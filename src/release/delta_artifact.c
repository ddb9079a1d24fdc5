/* SPDX-License-Identifier: Apache-2.0 */
#include "release/delta_artifact.h"

#include "io/referrers.h"

static int read_layer(const json_t *layers, struct delta_artifact *a, struct err *err)
{
	if (json_length(layers) != 1)
		return err_set(err, OTA_CORRUPT, "delta: %zu layers where one belongs",
			json_length(layers));
	const json_t *item = json_item(layers, 0, "delta: layers", err);
	if (!item || descriptor_read(item, &a->blob, "delta: layer", err) < 0)
		return -1;
	if (strcmp(a->blob.media_type, ARTIFACT_TYPE_DELTA))
		return err_set(
			err, OTA_INCOMPATIBLE, "delta: unknown layer '%s'", a->blob.media_type);
	if (a->blob.size == 0 || a->blob.size > INT64_MAX)
		return err_set(
			err, OTA_CORRUPT, "delta: a layer of %ju bytes", (uintmax_t)a->blob.size);
	return 0;
}

static int read_base(const json_t *annotations, struct delta_artifact *a, struct err *err)
{
	char base[DIGEST_TEXT_LEN];
	const struct json_field fields[] = {{.name = ANNOTATION_DELTA_BASE,
		.kind = JSON_KIND_STRING,
		.out = base,
		.size = sizeof(base)}};

	if (json_read(annotations, fields, ARRAY_LEN(fields), "delta: annotations", err) < 0)
		return -1;
	return digest_parse(base, &a->base_content, err) < 0 ? err_wrap(err, "delta: annotations")
							     : 0;
}

static int read_parts(
	const json_t *config, const json_t *subject, struct delta_artifact *a, struct err *err)
{
	if (descriptor_read(config, &a->config, "delta: config", err) < 0 ||
		descriptor_read(subject, &a->subject, "delta: subject", err) < 0)
		return -1;
	if (strcmp(a->config.media_type, MEDIA_TYPE_DELTA_CONFIG))
		return err_set(
			err, OTA_CORRUPT, "delta: config of type '%s'", a->config.media_type);
	if (!descriptor_is_manifest(&a->subject))
		return err_set(
			err, OTA_CORRUPT, "delta: subject of type '%s'", a->subject.media_type);
	return 0;
}

int delta_artifact_parse_manifest(
	const char *text, size_t len, struct delta_artifact *a, struct err *err)
{
	char media_type[MEDIA_TYPE_LEN], artifact_type[MEDIA_TYPE_LEN];
	uint64_t schema;
	json_t *config, *layers, *subject, *annotations;
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
		{.name = "subject", .kind = JSON_KIND_OBJECT, .out = &subject},
		{.name = "annotations", .kind = JSON_KIND_OBJECT, .out = &annotations},
	};
	AUTO_JSON *root = json_parse(text, len, "delta", err);

	memset(a, 0, sizeof(*a));
	if (!root || json_read(root, fields, ARRAY_LEN(fields), "delta", err) < 0)
		return -1;
	if (schema != 2 || strcmp(media_type, MEDIA_TYPE_MANIFEST))
		return err_set(err, OTA_CORRUPT, "delta: not an OCI image manifest");
	if (strcmp(artifact_type, ARTIFACT_TYPE_DELTA))
		return err_set(err, OTA_INCOMPATIBLE, "delta: '%s' is no delta", artifact_type);
	if (read_parts(config, subject, a, err) < 0 || read_layer(layers, a, err) < 0)
		return -1;
	return read_base(annotations, a, err);
}

int delta_artifact_write_manifest(const struct delta_artifact *a, struct buf *out, struct err *err)
{
	char base[DIGEST_TEXT_LEN];
	json_t *config = descriptor_json(&a->config, err);
	json_t *blob = descriptor_json(&a->blob, err);
	json_t *subject = descriptor_json(&a->subject, err);

	digest_text(&a->base_content, base);
	AUTO_JSON *root = json_make(err, "{s:i, s:s, s:s, s:o, s:[o], s:o, s:{s:s}}",
		"schemaVersion", 2, "mediaType", MEDIA_TYPE_MANIFEST, "artifactType",
		ARTIFACT_TYPE_DELTA, "config", config, "layers", blob, "subject", subject,
		"annotations", ANNOTATION_DELTA_BASE, base);
	return root ? json_write(root, out, err) : -1;
}
