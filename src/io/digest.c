/* SPDX-License-Identifier: Apache-2.0 */
#include "io/digest.h"

#include <stdio.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "io/openssl.h"

#define CHUNK_BYTES 65536

void digest_hex(const struct digest *d, char out[DIGEST_HEX_LEN])
{
	for (int i = 0; i < DIGEST_LEN; i++)
		sprintf(out + 2 * i, "%02x", d->bytes[i]);
}

void digest_text(const struct digest *d, char out[DIGEST_TEXT_LEN])
{
	memcpy(out, "sha256:", 7);
	digest_hex(d, out + 7);
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_parse_hex(const char *hex, struct digest *d, struct err *err)
{
	if (strlen(hex) != 2 * DIGEST_LEN)
		return err_set(err, OTA_CORRUPT, "'%.80s' is not a sha256 digest", hex);
	for (int i = 0; i < DIGEST_LEN; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return err_set(err, OTA_CORRUPT, "'%.80s' is not a sha256 digest", hex);
		d->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int digest_parse(const char *text, struct digest *d, struct err *err)
{
	if (strncmp(text, "sha256:", 7))
		return err_set(err, OTA_CORRUPT, "'%.80s' is not a sha256 digest", text);
	return digest_parse_hex(text + 7, d, err);
}

struct digest_state *digest_begin(struct err *err)
{
	if (openssl_load(err) < 0)
		return NULL;
	EVP_MD_CTX *ctx = openssl.EVP_MD_CTX_new();
	if (ctx && openssl.EVP_DigestInit_ex(ctx, openssl.EVP_sha256(), NULL) == 1)
		return (struct digest_state *)ctx;
	openssl.EVP_MD_CTX_free(ctx);
	err_set(err, OTA_FAILED, "OpenSSL offers no SHA-256");
	return NULL;
}

int digest_add(struct digest_state *s, const void *data, size_t len, struct err *err)
{
	if (openssl.EVP_DigestUpdate((EVP_MD_CTX *)s, data, len) == 1)
		return 0;
	return err_set(err, OTA_FAILED, "SHA-256 failed in OpenSSL");
}

int digest_end(struct digest_state **s, struct digest *d, struct err *err)
{
	int ok = openssl.EVP_DigestFinal_ex((EVP_MD_CTX *)*s, d->bytes, NULL);

	digest_drop(s);
	return ok == 1 ? 0 : err_set(err, OTA_FAILED, "SHA-256 failed in OpenSSL");
}

void digest_drop(struct digest_state **s)
{
	if (*s)
		openssl.EVP_MD_CTX_free((EVP_MD_CTX *)*s);
	*s = NULL;
}

int digest_of(const void *data, size_t len, struct digest *d, struct err *err)
{
	if (openssl_load(err) < 0)
		return -1;
	if (openssl.EVP_Digest(data, len, d->bytes, NULL, openssl.EVP_sha256(), NULL) == 1)
		return 0;
	return err_set(err, OTA_FAILED, "SHA-256 failed in OpenSSL");
}

int digest_of_file(int fd, uint64_t len, const char *what, struct digest *d, struct err *err)
{
	AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
	AUTO_DIGEST *state = digest_begin(err);

	if (!chunk)
		return err_set(err, OTA_FAILED, "out of memory");
	for (uint64_t at = 0; state && at < len;) {
		size_t n = len - at < CHUNK_BYTES ? (size_t)(len - at) : CHUNK_BYTES;
		if (interrupt_check(err) < 0 || file_pread(fd, chunk, n, at, what, err) < 0 ||
			digest_add(state, chunk, n, err) < 0)
			return -1;
		at += n;
	}
	return state ? digest_end(&state, d, err) : -1;
}
