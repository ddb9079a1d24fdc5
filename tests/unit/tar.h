/* SPDX-License-Identifier: Apache-2.0 */
/* Writes tar streams, sound ones and others: what no tool would write too. */
#ifndef OTA_TESTS_TAR_H
#define OTA_TESTS_TAR_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define TAR_MAX (64u << 20)
#define TAR_MTIME 1600000000

struct tar_entry {
	char type; /* as in the header: '0' file, '1' hard link, '2' link, '5' folder, ... */
	const char *name, *target, *text;
	unsigned mode, uid, gid;
	const void *data; /* where text is not it */
	size_t len;
	uint64_t size; /* what the header says, where that is not len */
	unsigned major, minor;
};

static inline void tar_bytes(struct buf *t, const void *data, size_t len)
{
	struct err err;

	if (buf_add(t, data, len, &err) < 0)
		abort();
}

static inline void tar_zeros(struct buf *t, size_t len)
{
	AUTO_FREE char *zeros = calloc(1, len + 1);

	tar_bytes(t, zeros, len);
}

static inline void tar_octal(char *field, size_t size, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*llo", (int)size - 1, (unsigned long long)value);
	if (strlen(text) < size) {
		memcpy(field, text, size - 1);
		return;
	}
	memset(field, 0, size); /* GNU: in base 256 */
	field[0] = (char)0x80;
	for (size_t i = size - 1; i > 0 && value; i--, value >>= 8)
		field[i] = (char)value;
}

static inline void tar_sum(char header[512])
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (unsigned i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
}

static inline void tar_header(struct buf *t, const struct tar_entry *e)
{
	char h[512] = {0};

	strncpy(h, e->name, 100);
	tar_octal(h + 100, 8, e->mode);
	tar_octal(h + 108, 8, e->uid);
	tar_octal(h + 116, 8, e->gid);
	tar_octal(h + 124, 12, e->size ? e->size : e->len);
	tar_octal(h + 136, 12, TAR_MTIME);
	h[156] = e->type;
	if (e->target)
		strncpy(h + 157, e->target, 100);
	memcpy(h + 257, "ustar\00000", 8);
	tar_octal(h + 329, 8, e->major);
	tar_octal(h + 337, 8, e->minor);
	tar_sum(h);
	tar_bytes(t, h, sizeof(h));
}

static inline void tar_put(struct buf *t, struct tar_entry e)
{
	if (e.text) {
		e.data = e.text;
		e.len = strlen(e.text);
	}
	if (!e.mode && e.type != 'x')
		e.mode = e.type == '5' ? 0755 : 0644;
	tar_header(t, &e);
	if (e.len)
		tar_bytes(t, e.data, e.len);
	tar_zeros(t, (512 - e.len % 512) % 512);
}

/* A record of what the next entry is. */
static inline void tar_pax(struct buf *t, const char *key, const void *value, size_t len)
{
	AUTO_BUF body = BUF(TAR_MAX);
	size_t rest = strlen(key) + len + 3, total = rest + 1;
	struct err err;
	char text[24];

	while (total != rest + (size_t)snprintf(text, sizeof(text), "%zu", total))
		total = rest + strlen(text);
	if (buf_printf(&body, &err, "%zu %s=", total, key) < 0)
		abort();
	tar_bytes(&body, value, len);
	tar_bytes(&body, "\n", 1);
	tar_put(t,
		(struct tar_entry){.type = 'x', .name = "pax", .data = body.data, .len = body.len});
}

static inline void tar_end(struct buf *t)
{
	tar_zeros(t, 1024);
}

#define TAR_FILE(path, content)                                                                    \
	(struct tar_entry)                                                                         \
	{                                                                                          \
		.type = '0', .name = (path), .text = (content)                                     \
	}
#define TAR_FOLDER(path)                                                                           \
	(struct tar_entry)                                                                         \
	{                                                                                          \
		.type = '5', .name = (path)                                                        \
	}
#define TAR_LINK(path, to)                                                                         \
	(struct tar_entry)                                                                         \
	{                                                                                          \
		.type = '2', .name = (path), .target = (to)                                        \
	}
#define TAR_HARD(path, to)                                                                         \
	(struct tar_entry)                                                                         \
	{                                                                                          \
		.type = '1', .name = (path), .target = (to)                                        \
	}

#endif
