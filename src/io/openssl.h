/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's libcrypto, loaded where the first byte is hashed, signed or proved: a third of what a
 * supervisor of a service keeps to itself would be relocations of code that it never calls. Only
 * io/digest.c and trust/ call it.
 */
#ifndef OTA_IO_OPENSSL_H
#define OTA_IO_OPENSSL_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/err.h"

#define OPENSSL_USED(X)                                                                            \
	X(BIO_ctrl)                                                                                \
	X(BIO_free)                                                                                \
	X(BIO_new)                                                                                 \
	X(BIO_new_mem_buf)                                                                         \
	X(BIO_s_mem)                                                                               \
	X(EVP_DecodeBlock)                                                                         \
	X(EVP_Digest)                                                                              \
	X(EVP_DigestFinal_ex)                                                                      \
	X(EVP_DigestInit_ex)                                                                       \
	X(EVP_DigestSign)                                                                          \
	X(EVP_DigestSignInit)                                                                      \
	X(EVP_DigestUpdate)                                                                        \
	X(EVP_DigestVerify)                                                                        \
	X(EVP_DigestVerifyInit)                                                                    \
	X(EVP_EncodeBlock)                                                                         \
	X(EVP_MD_CTX_free)                                                                         \
	X(EVP_MD_CTX_new)                                                                          \
	X(EVP_PKEY_CTX_set_rsa_mgf1_md)                                                            \
	X(EVP_PKEY_CTX_set_rsa_padding)                                                            \
	X(EVP_PKEY_CTX_set_rsa_pss_saltlen)                                                        \
	X(EVP_PKEY_Q_keygen)                                                                       \
	X(EVP_PKEY_eq)                                                                             \
	X(EVP_PKEY_free)                                                                           \
	X(EVP_PKEY_get_bits)                                                                       \
	X(EVP_PKEY_get_group_name)                                                                 \
	X(EVP_PKEY_get_size)                                                                       \
	X(EVP_PKEY_is_a)                                                                           \
	X(EVP_sha256)                                                                              \
	X(PEM_read_bio_PUBKEY)                                                                     \
	X(PEM_read_bio_PrivateKey)                                                                 \
	X(PEM_write_bio_PKCS8PrivateKey)                                                           \
	X(PEM_write_bio_PUBKEY)

struct openssl_api {
#define X(name) __typeof__(name) *name;
	OPENSSL_USED(X)
#undef X
};

/* To be called from any thread, and before what stands in `openssl` is. Errors: config. */
int openssl_load(struct err *err) MUST_USE;
extern struct openssl_api openssl;

#endif
