/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "io/openssl.h"

#define PEM_MAX 16384

#define RSA_BITS_MIN 3072

static EVP_PKEY *pkey(const struct key *key)
{
	return (EVP_PKEY *)key;
}

void key_free(struct key *key)
{
	if (key)
		openssl.EVP_PKEY_free(pkey(key));
}

bool key_equal(const struct key *a, const struct key *b)
{
	return openssl.EVP_PKEY_eq(pkey(a), pkey(b)) == 1;
}

/* A passphrase would have to be typed: scripts hang on that, so such keys are refused. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf, (void)size, (void)writing, (void)ctx;
	return -1;
}

static bool is_known_kind(EVP_PKEY *p)
{
	char group[32] = "";

	if (openssl.EVP_PKEY_is_a(p, "RSA") || openssl.EVP_PKEY_is_a(p, "RSA-PSS"))
		return openssl.EVP_PKEY_get_bits(p) >= RSA_BITS_MIN &&
		       openssl.EVP_PKEY_get_size(p) <= SIGNATURE_MAX;
	if (openssl.EVP_PKEY_is_a(p, "ED25519"))
		return true;
	return openssl.EVP_PKEY_is_a(p, "EC") &&
	       openssl.EVP_PKEY_get_group_name(p, group, sizeof(group), NULL) == 1 &&
	       (!strcmp(group, "prime256v1") || !strcmp(group, "P-256"));
}

static struct key *key_load(const char *path, bool is_private, enum ota_code code, struct err *err)
{
	AUTO_BUF pem = BUF(PEM_MAX);
	EVP_PKEY *p = NULL;
	char chunk[4096];
	size_t n;

	if (openssl_load(err) < 0)
		return NULL;
	/* keys may be symlinks, as ca-certificates and secret managers make them */
	FILE *f = fopen(path, "re");
	if (!f) {
		err_errno(err, code, "key %s", path);
		return NULL;
	}
	int rc = 0;
	while (rc == 0 && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		rc = buf_add(&pem, chunk, n, err);
	bool unreadable = ferror(f);
	fclose(f);
	BIO *bio = rc == 0 && pem.len ? openssl.BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
	if (bio && is_private)
		p = openssl.PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	else if (bio)
		p = openssl.PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
	openssl.BIO_free(bio);
	if (p && is_known_kind(p))
		return (struct key *)p;
	err_set(err, code, "key %s: %s", path,
		p            ? "neither Ed25519, ECDSA P-256 nor RSA of 3072 to 4096 bits"
		: unreadable ? "unreadable"
		: is_private ? "not a PEM private key without passphrase"
			     : "not a PEM public key");
	openssl.EVP_PKEY_free(p);
	return NULL;
}

struct key *key_load_public(const char *path, struct err *err)
{
	return key_load(path, false, OTA_UNTRUSTED, err);
}

struct key *key_load_private(const char *path, struct err *err)
{
	return key_load(path, true, OTA_CONFIG, err);
}

static int write_pem(const char *path, EVP_PKEY *p, bool is_private, struct err *err)
{
	BIO *bio = openssl.BIO_new(openssl.BIO_s_mem());
	int ok = bio && (is_private ? openssl.PEM_write_bio_PKCS8PrivateKey(
					      bio, p, NULL, NULL, 0, NULL, NULL)
				    : openssl.PEM_write_bio_PUBKEY(bio, p)) == 1;
	char *text = NULL;
	long len = ok ? openssl.BIO_ctrl(bio, BIO_CTRL_INFO, 0, &text) : 0;
	int rc = ok ? file_publish(path, text, (size_t)len, is_private ? 0600 : 0644, err)
		    : err_set(err, OTA_FAILED, "OpenSSL cannot write a key");

	openssl.BIO_free(bio);
	return rc;
}

static int refuse_existing(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return 0;
	err_set(err, OTA_USAGE, "%s exists: keys are never overwritten", path);
	return err_hint(err, "choose another name, or move the old key away first");
}

int key_generate(const char *name, struct err *err)
{
	char secret[PATH_MAX], public[PATH_MAX];

	if (snprintf(secret, sizeof(secret), "%s.key", name) >= PATH_MAX - 1 ||
		snprintf(public, sizeof(public), "%s.pub", name) >= PATH_MAX - 1)
		return err_set(err, OTA_USAGE, "the name is too long");
	if (refuse_existing(secret, err) < 0 || refuse_existing(public, err) < 0 ||
		openssl_load(err) < 0)
		return -1;
	EVP_PKEY *p = openssl.EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!p)
		return err_set(err, OTA_FAILED, "OpenSSL cannot make an Ed25519 key");
	int rc = write_pem(secret, p, true, err);
	if (rc == 0)
		rc = write_pem(public, p, false, err);
	openssl.EVP_PKEY_free(p);
	return rc;
}

static const EVP_MD *hash_for(EVP_PKEY *p)
{
	return openssl.EVP_PKEY_is_a(p, "ED25519") ? NULL : openssl.EVP_sha256();
}

/* PSS with SHA-256 and a salt of any length; what another padding takes stays as it is. */
static int use_pss(EVP_PKEY_CTX *pctx, int salt_len)
{
	return openssl.EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       openssl.EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, openssl.EVP_sha256()) == 1 &&
	       openssl.EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt_len) == 1;
}

int key_sign(const struct key *key, const void *data, size_t len, uint8_t signature[SIGNATURE_MAX],
	size_t *signature_len, struct err *err)
{
	EVP_MD_CTX *ctx = openssl.EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	*signature_len = SIGNATURE_MAX;
	int ok =
		ctx &&
		openssl.EVP_DigestSignInit(ctx, &pctx, hash_for(pkey(key)), NULL, pkey(key)) == 1 &&
		(!openssl.EVP_PKEY_is_a(pkey(key), "RSA-PSS") ||
			use_pss(pctx, RSA_PSS_SALTLEN_DIGEST)) &&
		openssl.EVP_DigestSign(ctx, signature, signature_len, data, len) == 1;
	openssl.EVP_MD_CTX_free(ctx);
	return ok ? 0 : err_set(err, OTA_FAILED, "OpenSSL cannot sign with this key");
}

static bool verify(const struct key *key, bool pss, const void *data, size_t len,
	const uint8_t *signature, size_t signature_len)
{
	EVP_MD_CTX *ctx = openssl.EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	int ok = ctx &&
		 openssl.EVP_DigestVerifyInit(ctx, &pctx, hash_for(pkey(key)), NULL, pkey(key)) ==
			 1 &&
		 (!pss || use_pss(pctx, RSA_PSS_SALTLEN_AUTO)) &&
		 openssl.EVP_DigestVerify(ctx, signature, signature_len, data, len) == 1;

	openssl.EVP_MD_CTX_free(ctx);
	return ok;
}

bool key_verify(const struct key *key, const void *data, size_t len, const uint8_t *signature,
	size_t signature_len)
{
	bool any_padding = openssl.EVP_PKEY_is_a(pkey(key), "RSA");
	bool pss_alone = openssl.EVP_PKEY_is_a(pkey(key), "RSA-PSS");

	return verify(key, pss_alone, data, len, signature, signature_len) ||
	       (any_padding && verify(key, true, data, len, signature, signature_len));
}
