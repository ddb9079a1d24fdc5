/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/image.h"

#include <string.h>

#define CONFIG_OCI "application/vnd.oci.image.config.v1+json"
#define CONFIG_DOCKER "application/vnd.docker.container.image.v1+json"
#define CHAIN_TEXT_LEN (2 * DIGEST_TEXT_LEN)

static const struct {
	const char *media_type;
	enum coding coding;
} kinds[] = {
	{"application/vnd.oci.image.layer.v1.tar", CODING_PLAIN},
	{"application/vnd.oci.image.layer.v1.tar+gzip", CODING_GZIP},
	{"application/vnd.oci.image.layer.v1.tar+zstd", CODING_ZSTD},
	{"application/vnd.docker.image.rootfs.diff.tar", CODING_PLAIN},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", CODING_GZIP},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", CODING_ZSTD},
};

static int take_layer(const json_t *item, struct oci_layer *layer, struct err *err)
{
	if (!item || descriptor_read_open(item, &layer->blob, "manifest: layer", err) < 0)
		return -1;
	if (layer->blob.size == 0 || layer->blob.size > INT64_MAX)
		return err_set(err, OTA_CORRUPT, "manifest: a layer of %ju bytes",
			(uintmax_t)layer->blob.size);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(layer->blob.media_type, kinds[i].media_type)) {
			layer->coding = kinds[i].coding;
			return 0;
		}
	return err_set(err, OTA_INCOMPATIBLE, "manifest: a layer of type '%s' is not known",
		layer->blob.media_type);
}

static int take_layers(const json_t *layers, struct oci_image *image, struct err *err)
{
	size_t n = json_length(layers);

	if (n == 0 || n > OCI_LAYERS_MAX)
		return err_set(err, OTA_CORRUPT, "manifest: %zu layers where 1 to %d are allowed",
			n, OCI_LAYERS_MAX);
	for (; image->n_layers < n; image->n_layers++) {
		const json_t *item = json_item(layers, image->n_layers, "manifest: layers", err);
		if (take_layer(item, &image->layers[image->n_layers], err) < 0)
			return -1;
	}
	return 0;
}

static bool is_config(const struct descriptor *config)
{
	return !strcmp(config->media_type, CONFIG_OCI) ||
	       !strcmp(config->media_type, CONFIG_DOCKER);
}

int oci_image_parse_manifest(const char *text, size_t len, struct oci_image *image, struct err *err)
{
	json_t *config, *layers;
	const struct json_field fields[] = {
		{.name = "config", .kind = JSON_KIND_OBJECT, .out = &config},
		{.name = "layers", .kind = JSON_KIND_ARRAY, .out = &layers},
	};
	AUTO_JSON *root = json_parse(text, len, "manifest", err);

	memset(image, 0, sizeof(*image));
	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "manifest", err) < 0 ||
		descriptor_read_open(config, &image->config, "manifest: config", err) < 0)
		return -1;
	if (!is_config(&image->config)) {
		err_set(err, OTA_INCOMPATIBLE, "manifest: '%s' is no container image",
			image->config.media_type);
		return err_hint(err, "what is it? ota inspect SOURCE; an OS release: ota fetch");
	}
	return take_layers(layers, image, err);
}

/* The chain of a layer is the hash of the chain below and its own diffID, as texts. */
static int chain(const struct digest *below, struct oci_layer *layer, struct err *err)
{
	char text[CHAIN_TEXT_LEN];

	if (!below) {
		layer->chain_id = layer->diff_id;
		return 0;
	}
	digest_text(below, text);
	strcat(text, " ");
	digest_text(&layer->diff_id, text + strlen(text));
	return digest_of(text, strlen(text), &layer->chain_id, err);
}

static int take_diff_ids(const json_t *list, struct oci_image *image, struct err *err)
{
	char text[DIGEST_TEXT_LEN];

	if (json_length(list) != image->n_layers)
		return err_set(err, OTA_CORRUPT, "config: %zu diff_ids for %zu layers",
			json_length(list), image->n_layers);
	for (size_t i = 0; i < image->n_layers; i++) {
		struct oci_layer *layer = &image->layers[i];
		const struct digest *below = i ? &image->layers[i - 1].chain_id : NULL;
		if (json_text(list, i, text, sizeof(text), "config: diff_ids", err) < 0 ||
			digest_parse(text, &layer->diff_id, err) < 0 ||
			chain(below, layer, err) < 0)
			return -1;
	}
	return 0;
}

int oci_image_parse_config(const char *text, size_t len, struct oci_image *image, struct err *err)
{
	json_t *rootfs, *diff_ids;
	const struct json_field outer[] = {
		{.name = "os", .kind = JSON_KIND_STRING, .out = image->os, .size = OCI_WORD_LEN},
		{.name = "architecture",
			.kind = JSON_KIND_STRING,
			.out = image->architecture,
			.size = OCI_WORD_LEN},
		{.name = "variant",
			.kind = JSON_KIND_STRING,
			.out = image->variant,
			.size = OCI_WORD_LEN,
			.optional = true},
		{.name = "rootfs", .kind = JSON_KIND_OBJECT, .out = &rootfs},
	};
	const struct json_field inner[] = {
		{.name = "diff_ids", .kind = JSON_KIND_ARRAY, .out = &diff_ids}};
	AUTO_JSON *root = json_parse(text, len, "config", err);

	if (!root || json_read_open(root, outer, ARRAY_LEN(outer), "config", err) < 0 ||
		json_read_open(rootfs, inner, ARRAY_LEN(inner), "config: rootfs", err) < 0)
		return -1;
	return take_diff_ids(diff_ids, image, err);
}

bool oci_image_is(const char *text, size_t len)
{
	json_t *config;
	const struct json_field fields[] = {
		{.name = "config", .kind = JSON_KIND_OBJECT, .out = &config}};
	struct err ignored;
	struct descriptor d;
	AUTO_JSON *root = json_parse(text, len, "manifest", &ignored);

	return root && json_read_open(root, fields, 1, "manifest", &ignored) == 0 &&
	       descriptor_read_open(config, &d, "manifest: config", &ignored) == 0 && is_config(&d);
}
