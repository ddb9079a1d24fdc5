/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/payload.h"

#include <string.h>

#include "io/json.h"
#include "io/openssl.h"

#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define PAYLOAD_TYPE "cosign container image signature"

int payload_write(
	const struct digest *manifest, const char *reference, struct buf *out, struct err *err)
{
	char digest[DIGEST_TEXT_LEN];

	digest_text(manifest, digest);
	AUTO_JSON *root = json_make(err, "{s:{s:{s:s}, s:{s:s}, s:s}, s:n}", "critical", "identity",
		"docker-reference", reference, "image", "docker-manifest-digest", digest, "type",
		PAYLOAD_TYPE, "optional");
	return root ? json_write(root, out, err) : -1;
}

static int read_critical(const json_t *critical, char digest[DIGEST_TEXT_LEN], struct err *err)
{
	char reference[1024], type[64];
	json_t *identity, *image;
	const struct json_field fields[] = {
		{.name = "identity", .kind = JSON_KIND_OBJECT, .out = &identity},
		{.name = "image", .kind = JSON_KIND_OBJECT, .out = &image},
		{.name = "type", .kind = JSON_KIND_STRING, .out = type, .size = sizeof(type)},
	};
	const struct json_field of_identity[] = {{.name = "docker-reference",
		.kind = JSON_KIND_STRING,
		.out = reference,
		.size = sizeof(reference)}};
	const struct json_field of_image[] = {{.name = "docker-manifest-digest",
		.kind = JSON_KIND_STRING,
		.out = digest,
		.size = DIGEST_TEXT_LEN}};

	if (json_read(critical, fields, ARRAY_LEN(fields), "critical", err) < 0 ||
		json_read(identity, of_identity, 1, "identity", err) < 0 ||
		json_read(image, of_image, 1, "image", err) < 0)
		return -1;
	if (strcmp(type, PAYLOAD_TYPE))
		return err_set(err, OTA_UNTRUSTED, "type '%s'", type);
	return 0;
}

static int read_payload(const char *text, size_t len, struct digest *manifest, struct err *err)
{
	char digest[DIGEST_TEXT_LEN];
	json_t *critical;
	const struct json_field fields[] = {
		{.name = "critical", .kind = JSON_KIND_OBJECT, .out = &critical},
		{.name = "optional", .kind = JSON_KIND_ANY, .optional = true},
	};
	AUTO_JSON *root = json_parse(text, len, "payload", err);

	if (!root || json_read(root, fields, ARRAY_LEN(fields), "payload", err) < 0 ||
		read_critical(critical, digest, err) < 0)
		return -1;
	return digest_parse(digest, manifest, err);
}

int payload_read(const char *text, size_t len, struct digest *manifest, struct err *err)
{
	if (read_payload(text, len, manifest, err) == 0)
		return 0;
	err->code = OTA_UNTRUSTED;
	return err_wrap(err, "signature payload");
}

void signature_encode(const uint8_t *signature, size_t len, char out[SIGNATURE_TEXT_MAX])
{
	openssl.EVP_EncodeBlock((unsigned char *)out, signature, (int)len);
}

int signature_decode(
	const char *text, uint8_t signature[SIGNATURE_MAX], size_t *len, struct err *err)
{
	size_t text_len = strlen(text), padding = 0;
	uint8_t room[SIGNATURE_TEXT_MAX];

	if (text_len == 0 || text_len % 4 || text_len >= SIGNATURE_TEXT_MAX)
		return err_set(err, OTA_UNTRUSTED, "a signature that is not base64");
	while (padding < 2 && text[text_len - 1 - padding] == '=')
		padding++;
	/* OpenSSL's decoder passes over blanks, and takes padding in the middle */
	if (strspn(text, BASE64) != text_len - padding)
		return err_set(err, OTA_UNTRUSTED, "a signature that is not base64");
	if (openssl_load(err) < 0)
		return -1;
	int n = openssl.EVP_DecodeBlock(room, (const unsigned char *)text, (int)text_len);
	if (n < 0 || (size_t)n < padding || (size_t)n - padding > SIGNATURE_MAX)
		return err_set(err, OTA_UNTRUSTED, "a signature that is not base64");
	*len = (size_t)n - padding;
	memcpy(signature, room, *len);
	return 0;
}
