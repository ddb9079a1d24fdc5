/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry is shown of us: user and password, or a token that its token service gives for
 * them, or for nothing. It is asked for when the registry wants it, kept for the process, and asked
 * for again when the registry takes it no more.
 *
 * No error tells what is secret, and nothing goes to where there is no TLS unless the host is
 * named.
 */
#ifndef OTA_IO_LOGIN_H
#define OTA_IO_LOGIN_H

#include "io/authfile.h"
#include "io/http.h"

#define LOGIN_TOKEN_LEN 16384

struct login {
	const char *host;      /* HOST or HOST:PORT, as the credentials have it */
	const char *auth_file; /* NULL: none; borrowed */
	const struct http_options *options;
	bool looked;
	char basic[AUTHFILE_BASIC_LEN];
	char header[LOGIN_TOKEN_LEN + 16]; /* Authorization; "" before it is wanted */
};

/* Gets ready for the next try what this challenge wants. Errors: refused (there are no credentials,
 * or they are not taken), config (the file), corrupt, retry. */
int login_answer(
	struct login *l, struct http *http, const char *challenge, struct err *err) MUST_USE;

/* Where credentials would belong. Always returns -1. */
int login_hint(const struct login *l, struct err *err);

#endif
