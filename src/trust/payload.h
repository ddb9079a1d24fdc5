/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of a signature, which is cosign's with a fixed key: a simple-signing payload that names
 * a manifest's digest, signed as bytes, and the signature as base64 beside it.
 */
#ifndef OTA_TRUST_PAYLOAD_H
#define OTA_TRUST_PAYLOAD_H

#include "base/buf.h"
#include "io/digest.h"
#include "trust/key.h"

#define MEDIA_TYPE_PAYLOAD "application/vnd.dev.cosign.simplesigning.v1+json"
#define ANNOTATION_SIGNATURE "dev.cosignproject.cosign/signature"
#define PAYLOAD_MAX 16384
#define SIGNATURE_TEXT_MAX (SIGNATURE_MAX * 4 / 3 + 8)

/* The payload for a manifest: the same digest and reference give the same bytes. */
int payload_write(const struct digest *manifest, const char *reference, struct buf *out,
	struct err *err) MUST_USE;

/* The digest that a payload names; parsed only once its signature is known to be good. Errors:
 * untrusted (not a payload of this form). */
int payload_read(const char *text, size_t len, struct digest *manifest, struct err *err) MUST_USE;

void signature_encode(const uint8_t *signature, size_t len, char out[SIGNATURE_TEXT_MAX]);

/* Errors: untrusted (not base64, empty, too long). */
int signature_decode(
	const char *text, uint8_t signature[SIGNATURE_MAX], size_t *len, struct err *err) MUST_USE;

#endif
