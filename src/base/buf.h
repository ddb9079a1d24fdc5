/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte buffer that grows up to a cap. Zero-initialise it with BUF(cap); it owns its bytes, which
 * are always followed by a NUL that does not count. Past the cap nothing is stored and the error
 * is OTA_CORRUPT: a cap is the most that a sound input can have.
 */
#ifndef OTA_BASE_BUF_H
#define OTA_BASE_BUF_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct buf {
	char *data;
	size_t len;
	size_t room;
	size_t cap;
};

#define BUF(max)                                                                                   \
	{                                                                                          \
		.cap = (max)                                                                       \
	}

/* Appends bytes. Failure leaves what was there. Errors: corrupt (over the cap), failed (memory). */
int buf_add(struct buf *b, const void *data, size_t len, struct err *err) MUST_USE;

/* Appends text; same errors. */
int buf_printf(struct buf *b, struct err *err, const char *fmt, ...) MUST_USE PRINTF_LIKE(3, 4);

void buf_free(struct buf *b);

#define AUTO_BUF CLEANUP(buf_free) struct buf

#endif
