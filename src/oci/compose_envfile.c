/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "oci/compose_reader.h"

#define BLANKS " \t"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"

/* NULL where it is closed and nothing follows; else what is wrong. */
static const char *quoted(const char *in, char *out)
{
	static const char escapes[] = "nrt\\\"$", meanings[] = "\n\r\t\\\"$";
	char quote = *in++;

	for (; *in && *in != quote; in++) {
		if (quote == '"' && *in == '$')
			return "variables are not filled in: quote by '...'";
		if (quote == '\'' || *in != '\\') {
			*out++ = *in;
			continue;
		}
		const char *escape = strchr(escapes, *++in);
		if (!*in || !escape)
			return "a backslash stands before n, r, t, \\, \" or $ only";
		*out++ = meanings[escape - escapes];
	}
	*out = '\0';
	if (*in != quote)
		return "the quote is not closed in its line";
	in += 1 + strspn(in + 1, BLANKS);
	return *in && *in != '#' ? "something follows behind the quote" : NULL;
}

static const char *unquoted(const char *in, char *out)
{
	size_t len = 0, kept = 0;

	for (; in[len]; len++) {
		if (in[len] == '#' && len && strchr(BLANKS, in[len - 1]))
			break;
		if (in[len] == '$')
			return "variables are not filled in: quote by '...'";
		if (!strchr(BLANKS, in[len]))
			kept = len + 1;
	}
	/* nothing but a note */
	if (*in == '#')
		kept = 0;
	memcpy(out, in, kept);
	out[kept] = '\0';
	return NULL;
}

/* Splits a line in place; a line without a variable leaves *name NULL. */
static const char *parse_line(char *line, char *value, const char **name)
{
	line += strspn(line, BLANKS);
	*name = NULL;
	if (!*line || *line == '#')
		return NULL;
	if (!strncmp(line, "export", 6) && line[6] && strchr(BLANKS, line[6]))
		line += 6 + strspn(line + 6, BLANKS);
	size_t len = strspn(line, LETTERS "0123456789.-");
	char *in = line + len + strspn(line + len, BLANKS);
	if (!len || !strchr(LETTERS, *line) || *in != '=')
		return "is not NAME=VALUE";
	in += 1 + strspn(in + 1, BLANKS);
	const char *fault = *in == '"' || *in == '\'' ? quoted(in, value) : unquoted(in, value);
	line[len] = '\0';
	*name = line;
	return fault;
}

/* No NUL, no control characters, UTF-8; value is room for as much. */
static bool is_text(const char *line, size_t len, char *value)
{
	if (strlen(line) != len)
		return false;
	memcpy(value, line, len + 1);
	for (size_t i = 0; i < len; i++)
		if (value[i] == '\t')
			value[i] = ' ';
	text_clean(value);
	for (size_t i = 0; i < len; i++)
		if (value[i] != (line[i] == '\t' ? ' ' : line[i]))
			return false;
	return true;
}

static int take_line(struct compose_reader *r, const char *begin, size_t len,
	struct compose_pairs *pairs, const char **fault, struct err *err)
{
	const char *name;

	if (len && begin[len - 1] == '\r')
		len--;
	char *line = arena_copy(r->arena, begin, len, err);
	char *value = arena_take(r->arena, len + 1, 1, err);
	if (!line || !value)
		return -1;
	*fault = is_text(line, len, value) ? parse_line(line, value, &name) : "is no text";
	return *fault || !name ? 0 : compose_pair_set(r, pairs, name, value, err);
}

int compose_env_parse(struct compose_reader *r, const char *text, size_t len, const char *file,
	struct compose_pairs *pairs, struct err *err)
{
	const char *end = text + len, *fault = NULL;

	for (unsigned line = 1; text < end; line++) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((eol ? eol : end) - text);

		if (take_line(r, text, n, pairs, &fault, err) < 0)
			return -1;
		if (fault)
			return err_set(err, OTA_CONFIG, "%.200s:%u: %s", file, line, fault);
		text += eol ? n + 1 : n;
	}
	return 0;
}
