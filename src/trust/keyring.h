/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that this device trusts: every *.pub in one folder, PEM public keys, Ed25519, ECDSA
 * P-256 or RSA. A folder without a key, or with one that cannot be read, trusts nobody: deny by
 * default.
 */
#ifndef OTA_TRUST_KEYRING_H
#define OTA_TRUST_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define KEYRING_MAX 32

struct keyring;

/* Errors: untrusted (no key, or one that is unreadable or of another kind; the message names it).
 * The caller frees. A key that stands there twice, under two names, is one key. */
struct keyring *keyring_load(const char *dir, struct err *err) MUST_USE;
void keyring_free(struct keyring *k);

size_t keyring_size(const struct keyring *k);
const char *keyring_name(const struct keyring *k, size_t key); /* the file's name */

/* The key that made the signature over exactly these bytes: its number, or -1 where none did. */
int keyring_find_signer(const struct keyring *k, const void *data, size_t len,
	const uint8_t *signature, size_t signature_len);

static inline void cleanup_keyring(struct keyring **k)
{
	if (*k)
		keyring_free(*k);
}

#define AUTO_KEYRING CLEANUP(cleanup_keyring) struct keyring

#endif
