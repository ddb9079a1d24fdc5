/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer's headers tell. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "io/http_once.h"

/* Copies a header's value, without the blanks around it; one that does not fit is an error. */
static int keep(const char *value, size_t len, char *out, size_t size, struct err *err)
{
	for (; len && strchr(" \t", *value); len--)
		value++;
	while (len && strchr(" \t\r\n", value[len - 1]))
		len--;
	if (len >= size || memchr(value, '\0', len))
		return err_set(err, OTA_CORRUPT, "a header that is too long");
	memcpy(out, value, len);
	out[len] = '\0';
	return 0;
}

/* Of several we take the form that we would rather answer. */
static int keep_challenge(struct http_answer *a, const char *value, size_t len, struct err *err)
{
	static const char preferred[] = "Bearer ";
	char text[HTTP_TEXT_LEN];

	if (keep(value, len, text, sizeof(text), err) < 0)
		return -1;
	if (!a->challenge[0] || !strncasecmp(text, preferred, sizeof(preferred) - 1))
		strcpy(a->challenge, text);
	return 0;
}

int http_answer_read(struct http_answer *a, const char *line, size_t len, struct err *err)
{
	const struct {
		const char *name;
		char *out;
		size_t size;
	} kept[] = {
		{"Content-Type:", a->type, sizeof(a->type)},
		{"Content-Range:", a->range, sizeof(a->range)},
		{"Docker-Content-Digest:", a->digest, sizeof(a->digest)},
		{"Content-Encoding:", a->encoding, sizeof(a->encoding)},
		{"ETag:", a->etag, sizeof(a->etag)},
		{"Location:", a->location, sizeof(a->location)},
		{"WWW-Authenticate:", NULL, 0},
	};

	/* each of several answers (100, a proxy's) begins so: only the last one counts */
	if (len > 5 && !strncasecmp(line, "HTTP/", 5)) {
		*a = (struct http_answer){.length = -1};
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		size_t skip = strlen(kept[i].name);
		if (len < skip || strncasecmp(line, kept[i].name, skip))
			continue;
		return kept[i].out ? keep(line + skip, len - skip, kept[i].out, kept[i].size, err)
				   : keep_challenge(a, line + skip, len - skip, err);
	}
	return 0;
}
