/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WWW-Authenticate: how a registry wants to be told who asks. Bytes from outside: strict, bounded.
 */
#ifndef OTA_IO_CHALLENGE_H
#define OTA_IO_CHALLENGE_H

#include <stdbool.h>

#include "base/err.h"

#define CHALLENGE_TEXT_LEN 1024

struct challenge {
	bool bearer;                    /* a token is wanted; else user and password, "Basic" */
	char realm[CHALLENGE_TEXT_LEN]; /* of Bearer: where tokens are given */
	char service[CHALLENGE_TEXT_LEN];
	char scope[CHALLENGE_TEXT_LEN];
};

/* Reads the first challenge of a header. Errors: refused (a scheme that we do not speak), corrupt.
 */
int challenge_parse(const char *text, struct challenge *c, struct err *err) MUST_USE;

#endif
