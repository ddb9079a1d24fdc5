/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "oci/compose_reader.h"

const char *compose_clean_path(
	struct compose_reader *r, const struct yaml *at, const char *text, struct err *err)
{
	char *clean = arena_take(r->arena, strlen(text) + 2, 1, err), *out = clean;

	if (!clean)
		return NULL;
	if (*text != '/' || strlen(text) >= PATH_MAX) {
		yaml_fail(at, err, "'%.100s' is no absolute path", text);
		return NULL;
	}
	for (const char *in = text + strspn(text, "/"); *in; in += strspn(in, "/")) {
		size_t len = strcspn(in, "/");

		if (len == 2 && !strncmp(in, "..", 2)) {
			yaml_fail(at, err, "'%.100s' has a '..'", text);
			return NULL;
		}
		if (len != 1 || *in != '.') {
			*out++ = '/';
			memcpy(out, in, len);
			out += len;
		}
		in += len;
	}
	if (out == clean)
		*out = '/';
	return clean;
}

const char *compose_path(struct compose_reader *r, const struct yaml *value, struct err *err)
{
	const char *text = compose_word(r, value, err);

	return text ? compose_clean_path(r, value, text, err) : NULL;
}

const char *compose_machine_path(
	struct compose_reader *r, const struct yaml *at, const char *text, struct err *err)
{
	const char *clean = compose_clean_path(r, at, text, err);

	return clean ? arena_printf(r->arena, err, "%s%s", r->place->root, clean) : NULL;
}

const char *compose_resolve(
	struct compose_reader *r, const struct yaml *at, const char *text, struct err *err)
{
	if (*text == '/')
		return compose_machine_path(r, at, text, err);
	const char *path = arena_printf(r->arena, err, "%s/%s", r->place->dir, text);
	return path ? compose_clean_path(r, at, path, err) : NULL;
}

const char *compose_cut(
	struct compose_reader *r, const char *text, char at, const char **rest, struct err *err)
{
	const char *end = strchrnul(text, at);

	*rest = *end ? end + 1 : NULL;
	return arena_copy(r->arena, text, (size_t)(end - text), err);
}
