/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, by OpenSSL. A digest is 32 bytes; as text it is "sha256:" and 64 lower-case hex digits,
 * the only form that is accepted.
 */
#ifndef OTA_IO_DIGEST_H
#define OTA_IO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define DIGEST_LEN 32
#define DIGEST_HEX_LEN 65  /* with NUL */
#define DIGEST_TEXT_LEN 72 /* "sha256:" + hex + NUL */

struct digest {
	uint8_t bytes[DIGEST_LEN];
};

static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_LEN) == 0;
}

void digest_hex(const struct digest *d, char out[DIGEST_HEX_LEN]);
void digest_text(const struct digest *d, char out[DIGEST_TEXT_LEN]);

/* "sha256:HEX", or HEX alone. Errors: corrupt. */
int digest_parse(const char *text, struct digest *d, struct err *err) MUST_USE;
int digest_parse_hex(const char *hex, struct digest *d, struct err *err) MUST_USE;

/* In one go. Errors: failed (OpenSSL). */
int digest_of(const void *data, size_t len, struct digest *d, struct err *err) MUST_USE;

/* Of the first len bytes of a file; `what` names it. Errors: io, corrupt (it is shorter),
 * interrupted. */
int digest_of_file(
	int fd, uint64_t len, const char *what, struct digest *d, struct err *err) MUST_USE;

/* Piece by piece: digest_begin -> digest_add* -> digest_end, which frees; digest_drop frees without
 * a result (NULL is fine). */
struct digest_state;
struct digest_state *digest_begin(struct err *err) MUST_USE;
int digest_add(struct digest_state *s, const void *data, size_t len, struct err *err) MUST_USE;
int digest_end(struct digest_state **s, struct digest *d, struct err *err) MUST_USE;
void digest_drop(struct digest_state **s);

#define AUTO_DIGEST CLEANUP(digest_drop) struct digest_state

#endif
