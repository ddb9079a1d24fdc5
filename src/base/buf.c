/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int buf_reserve(struct buf *b, size_t more, struct err *err)
{
	if (more > b->cap || b->len > b->cap - more)
		return err_set(
			err, OTA_CORRUPT, "larger than the %zu bytes that are allowed", b->cap);
	size_t need = b->len + more + 1;
	if (need <= b->room)
		return 0;
	size_t room = b->room ? b->room : 256;
	while (room < need)
		room *= 2;
	if (room > b->cap + 1)
		room = b->cap + 1;
	char *data = realloc(b->data, room);
	if (!data)
		return err_set(err, OTA_FAILED, "out of memory for %zu bytes", room);
	b->data = data;
	b->room = room;
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len, struct err *err)
{
	if (buf_reserve(b, len, err) < 0)
		return -1;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_printf(struct buf *b, struct err *err, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		text = NULL;
		return err_set(err, OTA_FAILED, "out of memory");
	}
	return buf_add(b, text, (size_t)len, err);
}

void buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->room = 0;
}
