/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "oci/compose_reader.h"

#define MAX_TIME_MS (30ULL * 24 * 3600 * 1000)

int compose_take_pair(struct compose_reader *r, const struct yaml_pair *pair,
	const struct compose_key *keys, size_t n, const char *what, void *out, struct err *err)
{
	size_t k = 0;

	while (k < n && strcmp(keys[k].name, pair->key->text) != 0)
		k++;
	if (k == n)
		return yaml_fail(pair->key, err, "%s has no key '%.100s'", what, pair->key->text);
	if (!keys[k].take)
		return 0;
	if (pair->value->kind == YAML_NULL) {
		yaml_fail(pair->key, err, "'%s' is empty", keys[k].name);
		return err_hint(err, "remove the line to have the default");
	}
	return keys[k].take(r, pair->value, out, err);
}

int compose_take_map(struct compose_reader *r, const struct yaml *map,
	const struct compose_key *keys, size_t n, const char *what, void *out, struct err *err)
{
	if (map->kind != YAML_MAP)
		return yaml_fail(map, err, "%s is no mapping", what);
	for (size_t i = 0; i < map->n; i++)
		if (compose_take_pair(r, &map->pairs[i], keys, n, what, out, err) < 0)
			return -1;
	return 0;
}

const char *compose_text(struct compose_reader *r, const struct yaml *value, struct err *err)
{
	if (value->kind != YAML_TEXT) {
		yaml_fail(value, err, "a text is expected here");
		return NULL;
	}
	char *text = arena_copy(r->arena, value->text, strlen(value->text), err), *out = text;
	if (!text)
		return NULL;
	for (const char *in = value->text; *in; in++) {
		if (*in == '$' && *++in != '$') {
			yaml_fail(value, err, "'%.100s': variables are not filled in", value->text);
			err_hint(err, "write $$ for a dollar");
			return NULL;
		}
		*out++ = *in;
	}
	*out = '\0';
	return text;
}

const char *compose_word(struct compose_reader *r, const struct yaml *value, struct err *err)
{
	const char *text = compose_text(r, value, err);

	if (text && !*text) {
		yaml_fail(value, err, "an empty text is no value here");
		return NULL;
	}
	for (const char *c = text; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			yaml_fail(value, err, "'%.100s' has a control character", text);
			return NULL;
		}
	return text;
}

int compose_bool(const struct yaml *value, bool *out, struct err *err)
{
	*out = value->kind == YAML_TEXT && !strcmp(value->text, "true");
	if (*out || (value->kind == YAML_TEXT && !strcmp(value->text, "false")))
		return 0;
	return yaml_fail(value, err, "true or false is expected here");
}

bool compose_digits(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > (max - (uint64_t)(*text - '0')) / 10)
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*out = n;
	return n <= max;
}

int compose_uint(
	const struct yaml *value, uint64_t min, uint64_t max, uint64_t *out, struct err *err)
{
	if (value->kind == YAML_TEXT && compose_digits(value->text, max, out) && *out >= min)
		return 0;
	return yaml_fail(value, err, "a number from %ju to %ju is expected here", (uintmax_t)min,
		(uintmax_t)max);
}

/* The number at the begin of the text, which moves behind it; false where there is none. */
static bool leading_number(const char **text, uint64_t max, uint64_t *n)
{
	char digits[24];
	size_t len = strspn(*text, "0123456789");

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, *text, len);
	digits[len] = '\0';
	*text += len;
	return compose_digits(digits, max, n);
}

static bool parse_time(const char *text, uint64_t *ms)
{
	/* what begins with another comes behind it */
	static const struct {
		const char *name;
		unsigned ms;
	} units[] = {{"ms", 1}, {"m", 60000}, {"s", 1000}, {"h", 3600000}};
	uint64_t n;

	*ms = 0;
	do {
		size_t u = 0;
		if (!leading_number(&text, MAX_TIME_MS, &n))
			return false;
		while (u < ARRAY_LEN(units) &&
			strncmp(text, units[u].name, strlen(units[u].name)) != 0)
			u++;
		if (u == ARRAY_LEN(units))
			return false;
		text += strlen(units[u].name);
		*ms += n * units[u].ms;
		if (*ms > MAX_TIME_MS)
			return false;
	} while (*text);
	return true;
}

int compose_time(const struct yaml *value, unsigned min_ms, unsigned *ms, struct err *err)
{
	uint64_t parsed;

	if (value->kind == YAML_TEXT && parse_time(value->text, &parsed) && parsed >= min_ms) {
		*ms = (unsigned)parsed;
		return 0;
	}
	yaml_fail(value, err, "'%.60s' is no duration from %ums to 30 days",
		value->text ? value->text : "", min_ms);
	return err_hint(err, "durations are written as 500ms, 90s or 1m30s");
}

bool compose_size(const char *text, uint64_t *bytes)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = {{"", 0}, {"b", 0}, {"k", 10}, {"kb", 10}, {"m", 20}, {"mb", 20}, {"g", 30},
		{"gb", 30}};

	if (!leading_number(&text, INT64_MAX, bytes))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (!strcasecmp(text, units[i].name)) {
			bool fits = *bytes <= (uint64_t)INT64_MAX >> units[i].shift;
			*bytes <<= units[i].shift;
			return fits;
		}
	return false;
}

int compose_choice(const struct yaml *value, const char *const *words, size_t n, unsigned *out,
	struct err *err)
{
	char all[256] = "";

	for (size_t i = 0; i < n; i++) {
		if (value->kind == YAML_TEXT && !strcmp(value->text, words[i])) {
			*out = (unsigned)i;
			return 0;
		}
		size_t len = strlen(all);
		snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", words[i]);
	}
	return yaml_fail(value, err, "'%.100s' is none of %s", value->text ? value->text : "", all);
}
