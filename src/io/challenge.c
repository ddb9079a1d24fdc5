/* SPDX-License-Identifier: Apache-2.0 */
#include "io/challenge.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* What RFC 9110 calls a token. */
#define TOKEN_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

static int malformed(struct err *err)
{
	return err_set(err, OTA_CORRUPT, "an unreadable WWW-Authenticate");
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* Reads "quoted" or a token; NULL where it is neither, or too long. */
static const char *read_value(const char *at, char out[CHALLENGE_TEXT_LEN])
{
	size_t n = 0;

	if (*at != '"') {
		n = strspn(at, TOKEN_CHARS);
		if (n == 0 || n >= CHALLENGE_TEXT_LEN)
			return NULL;
		memcpy(out, at, n);
		out[n] = '\0';
		return at + n;
	}
	for (at++; *at != '"'; at++) {
		if (*at == '\\')
			at++;
		if (*at < 0x20 || *at > 0x7e || n == CHALLENGE_TEXT_LEN - 1)
			return NULL;
		out[n++] = *at;
	}
	out[n] = '\0';
	return at + 1;
}

/* Keeps what we know by its name, each once, and passes over the rest. */
static int keep(struct challenge *c, const char *name, size_t len, const char *value)
{
	const struct {
		const char *name;
		char *out;
	} known[] = {{"realm", c->realm}, {"service", c->service}, {"scope", c->scope}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (len != strlen(known[i].name) || strncasecmp(name, known[i].name, len))
			continue;
		if (known[i].out[0])
			return -1;
		strcpy(known[i].out, value);
	}
	return 0;
}

/* name=value, ... as far as the first challenge goes: a name without '=' begins the next one. */
static int read_parameters(const char *at, struct challenge *c)
{
	char value[CHALLENGE_TEXT_LEN];

	for (at = skip_blanks(at); *at;) {
		const char *name = at;
		size_t len = strspn(at, TOKEN_CHARS);
		at = skip_blanks(at + len);
		if (len == 0)
			return -1;
		if (*at != '=')
			return 0;
		at = read_value(skip_blanks(at + 1), value);
		if (!at || keep(c, name, len, value) < 0)
			return -1;
		at = skip_blanks(at);
		if (*at && *at != ',')
			return -1;
		at = skip_blanks(at + strspn(at, ", \t"));
	}
	return 0;
}

int challenge_parse(const char *text, struct challenge *c, struct err *err)
{
	size_t scheme = strspn(text, TOKEN_CHARS);

	*c = (struct challenge){.bearer = scheme == 6 && !strncasecmp(text, "Bearer", 6)};
	if (scheme == 0 || (text[scheme] && text[scheme] != ' '))
		return malformed(err);
	if (!c->bearer && (scheme != 5 || strncasecmp(text, "Basic", 5)))
		return err_set(err, OTA_REFUSED,
			"it wants '%.*s', where ota knows Basic and Bearer",
			(int)(scheme < 40 ? scheme : 40), text);
	if (read_parameters(text + scheme, c) < 0 || (c->bearer && !c->realm[0]))
		return malformed(err);
	return 0;
}
