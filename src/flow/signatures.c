/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/signatures.h"

#include <stdio.h>
#include <string.h>

#include "io/json.h"

void signature_tag(const struct digest *manifest, char tag[SIGNATURE_TAG_LEN])
{
	char hex[DIGEST_HEX_LEN];

	digest_hex(manifest, hex);
	snprintf(tag, SIGNATURE_TAG_LEN, "sha256-%s.sig", hex);
}

static int read_layer(const json_t *layer, struct signature *s, struct err *err)
{
	json_t *annotations = NULL;
	const struct json_field outer[] = {{.name = "annotations",
		.kind = JSON_KIND_OBJECT,
		.out = &annotations,
		.optional = true}};
	const struct json_field inner[] = {{.name = ANNOTATION_SIGNATURE,
		.kind = JSON_KIND_STRING,
		.out = s->text,
		.size = sizeof(s->text),
		.optional = true}};

	s->payload = (struct buf)BUF(PAYLOAD_MAX);
	if (descriptor_read_open(layer, &s->descriptor, "signature", err) < 0 ||
		json_read_open(layer, outer, 1, "signature", err) < 0)
		return -1;
	return annotations ? json_read_open(annotations, inner, 1, "signature", err) : 0;
}

static int read_manifest(struct signatures *s, struct err *err)
{
	json_t *config, *layers;
	const struct json_field fields[] = {
		{.name = "config", .kind = JSON_KIND_OBJECT, .out = &config},
		{.name = "layers", .kind = JSON_KIND_ARRAY, .out = &layers},
	};
	AUTO_JSON *root =
		json_parse(s->manifest_bytes.data, s->manifest_bytes.len, "signatures", err);

	if (!root || json_read_open(root, fields, ARRAY_LEN(fields), "signatures", err) < 0 ||
		descriptor_read_open(config, &s->config_descriptor, "signatures", err) < 0)
		return -1;
	if (json_length(layers) > SIGNATURES_MAX)
		return err_set(err, OTA_UNTRUSTED, "%zu signatures where %d are read at most",
			json_length(layers), SIGNATURES_MAX);
	for (; s->n < json_length(layers); s->n++) {
		const json_t *layer = json_item(layers, s->n, "signatures", err);
		if (!layer || read_layer(layer, &s->items[s->n], err) < 0)
			return -1;
	}
	return 0;
}

static int load_blobs(struct source *source, struct signatures *s, struct err *err)
{
	s->manifest_bytes = (struct buf)BUF(JSON_MAX_BYTES);
	if (source_blob(source, &s->manifest, &s->manifest_bytes, err) < 0 ||
		read_manifest(s, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if (source_blob(source, &s->items[i].descriptor, &s->items[i].payload, err) < 0)
			return -1;
	return 0;
}

int signatures_load(
	struct source *source, const struct digest *manifest, struct signatures *s, struct err *err)
{
	char tag[SIGNATURE_TAG_LEN];
	bool found;

	signature_tag(manifest, tag);
	if (source_find(source, tag, &s->manifest, &found, err) < 0)
		return err_wrap(err, "signatures");
	if (!found) {
		s->manifest.size = 0;
		return 0;
	}
	return load_blobs(source, s, err) < 0 ? err_wrap(err, "signatures") : 0;
}

int signatures_load_config(struct source *source, struct signatures *s, struct err *err)
{
	s->config_bytes = (struct buf)BUF(JSON_MAX_BYTES);
	return source_blob(source, &s->config_descriptor, &s->config_bytes, err);
}

void signatures_free(struct signatures *s)
{
	buf_free(&s->manifest_bytes);
	buf_free(&s->config_bytes);
	for (size_t i = 0; i < SIGNATURES_MAX; i++)
		buf_free(&s->items[i].payload);
}

/* Does a payload whose signature is good speak of this manifest, and not of another? */
static bool names(const struct signature *s, const struct digest *manifest)
{
	struct digest named;
	struct err ignored;

	return payload_read(s->payload.data, s->payload.len, &named, &ignored) == 0 &&
	       digest_equal(&named, manifest);
}

uint32_t signatures_signers(
	const struct signatures *s, const struct digest *manifest, const struct keyring *keyring)
{
	uint8_t bytes[SIGNATURE_MAX];
	struct err ignored;
	uint32_t signers = 0;
	size_t len;

	for (size_t i = 0; i < s->n; i++) {
		const struct buf *payload = &s->items[i].payload;
		if (signature_decode(s->items[i].text, bytes, &len, &ignored) < 0)
			continue;
		int key = keyring_find_signer(keyring, payload->data, payload->len, bytes, len);
		if (key >= 0 && names(&s->items[i], manifest))
			signers |= 1u << key;
	}
	return signers;
}

static int too_few(unsigned n, unsigned needed, struct err *err)
{
	err_set(err, OTA_UNTRUSTED, "%u of %u signatures that are needed are good", n, needed);
	return err_hint(err, "who signed it: ota inspect SOURCE; signers = is in [device]");
}

int signatures_check(const struct signatures *s, const struct digest *manifest,
	const struct keyring *keyring, unsigned needed, const char *what, uint32_t *signers,
	struct err *err)
{
	*signers = signatures_signers(s, manifest, keyring);
	unsigned n = (unsigned)__builtin_popcount(*signers);

	if (n >= needed)
		return 0;
	if (s->n == 0) {
		err_set(err, OTA_UNTRUSTED, "%s is not signed", what);
		return err_hint(err, "sign it with: ota sign --key FILE LAYOUT");
	}
	if (n > 0)
		return too_few(n, needed, err);
	err_set(err, OTA_UNTRUSTED,
		"none of its %zu signatures is by a key that this device trusts", s->n);
	return err_hint(err, "is the signer's public key in the trust folder?");
}

bool signatures_has(
	const struct signatures *s, const struct digest *manifest, const struct key *key)
{
	uint8_t bytes[SIGNATURE_MAX];
	struct err ignored;
	size_t len;

	for (size_t i = 0; i < s->n; i++) {
		const struct buf *payload = &s->items[i].payload;
		if (signature_decode(s->items[i].text, bytes, &len, &ignored) == 0 &&
			key_verify(key, payload->data, payload->len, bytes, len) &&
			names(&s->items[i], manifest))
			return true;
	}
	return false;
}
