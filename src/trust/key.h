/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single keys: PEM files in the forms that OpenSSL writes (`openssl genpkey`, PKCS#8 and SPKI).
 */
#ifndef OTA_TRUST_KEY_H
#define OTA_TRUST_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define SIGNATURE_MAX 512 /* bytes, of any kind of key */

struct key; /* an EVP_PKEY */

void key_free(struct key *key);

/* Errors: untrusted for a public key, config for a private one: unreadable, no PEM key, or of a
 * kind that we do not take. */
struct key *key_load_public(const char *path, struct err *err) MUST_USE;
struct key *key_load_private(const char *path, struct err *err) MUST_USE;

bool key_equal(const struct key *a, const struct key *b);

/* Makes an Ed25519 pair: NAME.key (mode 0600) and NAME.pub. Errors: usage (one of them exists), io.
 */
int key_generate(const char *name, struct err *err) MUST_USE;

/* Ed25519 signs the bytes themselves, ECDSA and RSA their SHA-256. An RSA key signs by PKCS#1 v1.5,
 * as cosign does, one that is bound to PSS by PSS; of an RSA key both count. Errors: failed. */
int key_sign(const struct key *key, const void *data, size_t len, uint8_t signature[SIGNATURE_MAX],
	size_t *signature_len, struct err *err) MUST_USE;
bool key_verify(const struct key *key, const void *data, size_t len, const uint8_t *signature,
	size_t signature_len);

static inline void cleanup_key(struct key **key)
{
	key_free(*key);
}

#define AUTO_KEY CLEANUP(cleanup_key) struct key

#endif
