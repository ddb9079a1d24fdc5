/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/compose_reader.h"

static int make_list(struct compose_reader *r, size_t n, struct compose_list *list, struct err *err)
{
	list->n = 0;
	list->items = arena_take(r->arena, n, sizeof(*list->items), err);
	return list->items ? 0 : -1;
}

static int take_items(struct compose_reader *r, const struct yaml *value,
	const char *(*take)(struct compose_reader *, const struct yaml *, struct err *),
	struct compose_list *list, struct err *err)
{
	if (make_list(r, value->n, list, err) < 0)
		return -1;
	for (size_t i = 0; i < value->n; i++) {
		const char *text = take(r, value->items[i], err);

		if (!text)
			return -1;
		list->items[list->n++] = text;
	}
	return 0;
}

int compose_list(struct compose_reader *r, const struct yaml *value, struct compose_list *list,
	struct err *err)
{
	if (value->kind != YAML_LIST)
		return yaml_fail(value, err, "a list is expected here");
	return take_items(r, value, compose_text, list, err);
}

int compose_word_list(struct compose_reader *r, const struct yaml *value, struct compose_list *list,
	struct err *err)
{
	if (value->kind == YAML_LIST)
		return take_items(r, value, compose_word, list, err);
	const char *word = compose_word(r, value, err);
	if (!word || make_list(r, 1, list, err) < 0)
		return -1;
	list->items[list->n++] = word;
	return 0;
}

/* Reads one word of a line into out, quotes taken off; false where a quote is not closed. */
static bool next_word(const char **line, char **out)
{
	const char *in = *line;
	char quote = '\0';

	for (; *in && (quote || !strchr(" \t\r\n", *in)); in++) {
		if (*in == quote)
			quote = '\0';
		else if (!quote && (*in == '\'' || *in == '"'))
			quote = *in;
		else if (*in == '\\' && quote != '\'' &&
			 (!quote || (in[1] && strchr("\"\\$`", in[1])))) {
			if (!*++in)
				return false;
			*(*out)++ = *in;
		} else
			*(*out)++ = *in;
	}
	*(*out)++ = '\0';
	*line = in;
	return !quote;
}

int compose_split(struct compose_reader *r, const struct yaml *value, struct compose_list *list,
	struct err *err)
{
	if (value->kind == YAML_LIST)
		return compose_list(r, value, list, err);
	const char *line = compose_text(r, value, err);
	if (!line)
		return -1;
	/* no word is longer than what it is made of, and each has a blank behind it or the end */
	size_t len = strlen(line);
	char *out = arena_take(r->arena, len + 1, 1, err);
	if (!out || make_list(r, len / 2 + 1, list, err) < 0)
		return -1;
	for (line += strspn(line, " \t\r\n"); *line; line += strspn(line, " \t\r\n")) {
		list->items[list->n++] = out;
		if (!next_word(&line, &out))
			return yaml_fail(value, err, "a quote or a backslash is not closed");
	}
	return 0;
}
