/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "oci/compose_reader.h"

#define MAX_PAIRS 1024
#define MAX_ENV_FILES 16
#define MAX_ENV_BYTES (64 * 1024)

static struct compose_pair *find(const struct compose_pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (!strcmp(pairs->items[i].name, name))
			return &pairs->items[i];
	return NULL;
}

int compose_pair_set(struct compose_reader *r, struct compose_pairs *pairs, const char *name,
	const char *value, struct err *err)
{
	struct compose_pair *pair = find(pairs, name);

	if (!pair && pairs->n == MAX_PAIRS)
		return err_set(err, OTA_CONFIG, "%.200s: more than %d variables or labels",
			r->place->file, MAX_PAIRS);
	if (!pair) {
		struct compose_pair *items =
			arena_grow(r->arena, pairs->items, pairs->n, sizeof(*items), err);
		if (!items)
			return -1;
		pairs->items = items;
		pair = &items[pairs->n++];
	}
	*pair = (struct compose_pair){name, value};
	return 0;
}

static bool is_sound_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == '=' || *c == 0x7f)
			return false;
	return *name;
}

/* Where a name stands without a value: what it means differs. */
enum bare { BARE_IS_ERROR, BARE_IS_EMPTY };

static int bare_value(const struct yaml *at, const char *name, enum bare bare, struct err *err)
{
	if (bare == BARE_IS_EMPTY)
		return 0;
	yaml_fail(at, err, "'%.100s' has no value", name);
	return err_hint(err, "an update runs in no environment whose value it could take");
}

static int take_pair_of_map(struct compose_reader *r, const struct yaml_pair *p, enum bare bare,
	struct compose_pairs *pairs, struct err *err)
{
	const char *value = "";

	if (!is_sound_name(p->key->text))
		return yaml_fail(p->key, err, "'%.100s' is no name here", p->key->text);
	if (p->value->kind == YAML_NULL) {
		if (bare_value(p->key, p->key->text, bare, err) < 0)
			return -1;
	} else if (!(value = compose_text(r, p->value, err)))
		return -1;
	return compose_pair_set(r, pairs, p->key->text, value, err);
}

static int take_pair_of_list(struct compose_reader *r, const struct yaml *item, enum bare bare,
	struct compose_pairs *pairs, struct err *err)
{
	const char *value, *text = compose_text(r, item, err);
	const char *name = text ? compose_cut(r, text, '=', &value, err) : NULL;

	if (!name)
		return -1;
	if (!is_sound_name(name))
		return yaml_fail(item, err, "'%.100s' is not NAME=VALUE", text);
	if (!value && bare_value(item, name, bare, err) < 0)
		return -1;
	if (find(pairs, name))
		return yaml_fail(item, err, "'%.100s' is there twice", name);
	return compose_pair_set(r, pairs, name, value ? value : "", err);
}

static int take_pairs(struct compose_reader *r, const struct yaml *value, enum bare bare,
	struct compose_pairs *pairs, struct err *err)
{
	struct compose_pairs given = {0};

	if (value->kind != YAML_MAP && value->kind != YAML_LIST)
		return yaml_fail(value, err, "a mapping or a list of NAME=VALUE is expected here");
	for (size_t i = 0; i < value->n; i++) {
		int rc = value->kind == YAML_MAP
				 ? take_pair_of_map(r, &value->pairs[i], bare, &given, err)
				 : take_pair_of_list(r, value->items[i], bare, &given, err);
		if (rc < 0)
			return -1;
	}
	for (size_t i = 0; i < given.n; i++)
		if (compose_pair_set(r, pairs, given.items[i].name, given.items[i].value, err) < 0)
			return -1;
	return 0;
}

int compose_take_environment(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	return take_pairs(r, value, BARE_IS_ERROR, &((struct service *)out)->environment, err);
}

int compose_take_labels(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct service *s = out;

	if (take_pairs(r, value, BARE_IS_EMPTY, &s->labels, err) < 0)
		return -1;
	return compose_take_balena(value, s, err);
}

static int read_env_file(struct compose_reader *r, const struct yaml *at, const char *path,
	struct compose_pairs *pairs, struct err *err)
{
	AUTO_BUF text = BUF(MAX_ENV_BYTES);
	struct err why;

	if (compose_load(path, &text, &why) < 0)
		return yaml_fail(at, err, "%s", why.msg);
	return compose_env_parse(r, text.data ? text.data : "", text.len, path, pairs, err);
}

int compose_take_env_file(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_list names;
	struct service *s = out;

	if (compose_word_list(r, value, &names, err) < 0)
		return -1;
	if (names.n > MAX_ENV_FILES)
		return yaml_fail(value, err, "more than %d files", MAX_ENV_FILES);
	for (size_t i = 0; i < names.n; i++) {
		const struct yaml *at = value->kind == YAML_LIST ? value->items[i] : value;
		const char *path = compose_resolve(r, at, names.items[i], err);

		if (!path || read_env_file(r, at, path, &s->environment, err) < 0)
			return -1;
	}
	return 0;
}
