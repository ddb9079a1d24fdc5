/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of many small things that live and die together. Zero-initialise; what it gave out is
 * valid until arena_free().
 */
#ifndef OTA_BASE_ARENA_H
#define OTA_BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* of the first block */
};

/* Zeroed memory for n things of that size; n may be 0. NULL where there is none. Errors: failed. */
void *arena_take(struct arena *a, size_t n, size_t size, struct err *err) MUST_USE;

/* Room for one more behind n things, for arrays that only ever grow by this: where they are from
 * now on. Errors: failed. */
void *arena_grow(struct arena *a, void *old, size_t n, size_t size, struct err *err) MUST_USE;

/* A copy of len bytes, and a NUL behind them. Errors: failed. */
char *arena_copy(struct arena *a, const char *text, size_t len, struct err *err) MUST_USE;

/* Errors: failed. */
char *arena_printf(struct arena *a, struct err *err, const char *fmt, ...) MUST_USE
	PRINTF_LIKE(3, 4);

void arena_free(struct arena *a);

#endif
