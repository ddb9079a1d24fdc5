/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/yaml_build.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

int yaml_fail_at(const char *file, size_t line, struct err *err, const char *fmt, va_list args)
{
	char what[sizeof(err->msg)];

	vsnprintf(what, sizeof(what), fmt, args);
	return err_set(err, OTA_CONFIG, "%.200s:%zu: %.500s", file, line, what);
}

int yaml_fail(const struct yaml *at, struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	yaml_fail_at(at->file, at->line, err, fmt, args);
	va_end(args);
	return -1;
}

bool yaml_is_null(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

static void add_below(struct yaml *node, const struct yaml *child)
{
	node->weight += child->weight;
	node->bytes += child->bytes;
	if (node->height <= child->height)
		node->height = child->height + 1;
}

int yaml_add_item(struct arena *arena, struct yaml *list, struct yaml *item, struct err *err)
{
	list->items = arena_grow(arena, list->items, list->n, sizeof(item), err);
	if (!list->items)
		return -1;
	list->items[list->n++] = item;
	add_below(list, item);
	return 0;
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->pairs[i].key->text, key))
			return map->pairs[i].value;
	return NULL;
}

static int add_pair(struct arena *arena, struct yaml *map, struct yaml_pair pair, struct err *err)
{
	map->pairs = arena_grow(arena, map->pairs, map->n, sizeof(pair), err);
	if (!map->pairs)
		return -1;
	map->pairs[map->n++] = pair;
	return 0;
}

/* The pairs of another map whose keys are not here yet. */
static int merge_map(
	struct arena *arena, struct yaml *map, const struct yaml *from, struct err *err)
{
	if (from->kind != YAML_MAP)
		return yaml_fail(from, err, "'<<' takes a mapping, or a list of mappings");
	for (size_t i = 0; i < from->n; i++)
		if (!yaml_get(map, from->pairs[i].key->text) &&
			add_pair(arena, map, from->pairs[i], err) < 0)
			return -1;
	return 0;
}

int yaml_merge(struct arena *arena, struct yaml *map, const struct yaml *from, struct err *err)
{
	if (!from)
		return 0;
	add_below(map, from);
	if (from->kind != YAML_LIST)
		return merge_map(arena, map, from, err);
	for (size_t i = 0; i < from->n; i++)
		if (merge_map(arena, map, from->items[i], err) < 0)
			return -1;
	return 0;
}

int yaml_check_key(const struct yaml *map, const struct yaml *key, struct err *err)
{
	if (key->kind != YAML_TEXT)
		return yaml_fail(key, err, "a key must be a text");
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->pairs[i].key->text, key->text))
			return yaml_fail(key, err, "'%.100s' was already given in line %u",
				key->text, map->pairs[i].key->line);
	return 0;
}

int yaml_add_pair(struct arena *arena, struct yaml *map, struct yaml_pair pair, struct err *err)
{
	if (add_pair(arena, map, pair, err) < 0)
		return -1;
	add_below(map, pair.key);
	add_below(map, pair.value);
	return 0;
}
