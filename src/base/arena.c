/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4096

struct arena_block {
	struct arena_block *next;
	size_t room;
	alignas(max_align_t) char bytes[];
};

static int add_block(struct arena *a, size_t bytes)
{
	size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct arena_block *b = calloc(1, sizeof(*b) + room);

	if (!b)
		return -1;
	b->next = a->blocks;
	b->room = room;
	a->blocks = b;
	a->used = 0;
	return 0;
}

void *arena_take(struct arena *a, size_t n, size_t size, struct err *err)
{
	const size_t unit = alignof(max_align_t);
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		goto fail;
	bytes = (bytes ? bytes + unit - 1 : unit) / unit * unit;
	if ((!a->blocks || a->blocks->room - a->used < bytes) && add_block(a, bytes) < 0)
		goto fail;
	void *taken = a->blocks->bytes + a->used;
	a->used += bytes;
	return taken;
fail:
	err_set(err, OTA_FAILED, "out of memory");
	return NULL;
}

/* The room is a power of two, or none, and used up when there are as many. */
void *arena_grow(struct arena *a, void *old, size_t n, size_t size, struct err *err)
{
	if (n & (n - 1))
		return old;
	void *larger = arena_take(a, n ? n * 2 : 1, size, err);
	if (larger && n)
		memcpy(larger, old, n * size);
	return larger;
}

char *arena_copy(struct arena *a, const char *text, size_t len, struct err *err)
{
	char *copy = arena_take(a, len + 1, 1, err);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

char *arena_printf(struct arena *a, struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *text = arena_take(a, (size_t)len + 1, 1, err);
	if (!text)
		return NULL;
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);
	return text;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	a->used = 0;
}
