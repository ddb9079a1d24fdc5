/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials in the form of ~/.docker/config.json, as `docker login`, `podman login` and `skopeo
 * login` write it: {"auths": {"HOST": {"auth": "base64 of user:password"}}}.
 */
#ifndef OTA_IO_AUTHFILE_H
#define OTA_IO_AUTHFILE_H

#include <stddef.h>

#include "base/err.h"

#define AUTHFILE_MAX_BYTES (64 * 1024)
#define AUTHFILE_BASIC_LEN 4096

/* Finds a host (HOST or HOST:PORT) in the text of such a file: what stands behind "Basic ", ""
 * where it is not in it. A key may also be https://HOST, and end in / or /v1/. Docker's registry
 * is found by its other names, too. Errors: config. */
int authfile_find(const char *text, size_t len, const char *host, char basic[AUTHFILE_BASIC_LEN],
	struct err *err) MUST_USE;

/* The same of a file. Errors: config (also: it cannot be read). */
int authfile_read(const char *path, const char *host, char basic[AUTHFILE_BASIC_LEN],
	struct err *err) MUST_USE;

#endif
