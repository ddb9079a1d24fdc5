/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/loaded.h"
#include "base/mem.h"
#include "oci/yaml_build.h"

#define CORE_TAG "tag:yaml.org,2002:"
#define MAX_ANCHORS 256

LOADED_NOTE("[{\"feature\":\"containers\",\"description\":\"the compose file\","
	    "\"priority\":\"suggested\",\"soname\":[\"libyaml-0.so.2\"]}]");

#define FUNCTIONS(X)                                                                               \
	X(yaml_parser_initialize)                                                                  \
	X(yaml_parser_set_encoding)                                                                \
	X(yaml_parser_set_input_string)                                                            \
	X(yaml_parser_parse)                                                                       \
	X(yaml_parser_delete)                                                                      \
	X(yaml_event_delete)

static struct {
#define X(name) __typeof__(name) *name;
	FUNCTIONS(X)
#undef X
} api;

struct anchor {
	const char *name;
	struct yaml *node;
	bool is_open; /* still being read: it cannot hold itself */
};

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one that is at hand */
	const char *file, *text;
	struct arena *arena;
	struct anchor anchors[MAX_ANCHORS];
	size_t n_anchors;
	/* so far, aliases counted as what they stand for */
	size_t n_nodes, n_bytes;
};

static int load(struct err *err)
{
	static const struct loaded_symbol all[] = {
#define X(name) {#name, &api.name},
		FUNCTIONS(X)
#undef X
	};
	static bool loaded;

	if (loaded)
		return 0;
	if (loaded_library("libyaml-0.so.2", "the compose file needs libyaml", all, ARRAY_LEN(all),
		    err) < 0)
		return err_hint(err, "install libyaml (libyaml-0-2 on Debian)");
	loaded = true;
	return 0;
}

/* At the event that is at hand. */
static int fail_here(const struct reader *r, struct err *err, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
static int fail_here(const struct reader *r, struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	yaml_fail_at(r->file, r->event.start_mark.line + 1, err, fmt, args);
	va_end(args);
	return -1;
}

static int next_event(struct reader *r, struct err *err)
{
	const yaml_parser_t *p = &r->parser;

	api.yaml_event_delete(&r->event);
	if (api.yaml_parser_parse(&r->parser, &r->event))
		return 0;
	if (p->error == YAML_MEMORY_ERROR)
		return err_set(err, OTA_FAILED, "out of memory");
	size_t line = p->problem_mark.line;
	/* bytes that are no text have no mark, but an offset */
	for (size_t i = 0; p->error == YAML_READER_ERROR && i < p->problem_offset; i++)
		line += r->text[i] == '\n';
	return err_set(err, OTA_CONFIG, "%.200s:%zu: no sound YAML: %s%s%s", r->file, line + 1,
		p->context ? p->context : "", p->context ? ", " : "",
		p->problem ? p->problem : "unknown");
}

static int count(struct reader *r, size_t nodes, size_t bytes, struct err *err)
{
	r->n_nodes += nodes;
	r->n_bytes += bytes;
	if (r->n_nodes > YAML_MAX_NODES)
		return fail_here(r, err, "more than %d values", YAML_MAX_NODES);
	if (r->n_bytes > YAML_MAX_BYTES)
		return fail_here(r, err, "more than %d bytes of text", YAML_MAX_BYTES);
	return 0;
}

static struct yaml *new_node(struct reader *r, enum yaml_kind kind, struct err *err)
{
	struct yaml *node;

	if (count(r, 1, 0, err) < 0 || !(node = arena_take(r->arena, 1, sizeof(*node), err)))
		return NULL;
	*node = (struct yaml){.kind = kind,
		.file = r->file,
		.line = (unsigned)r->event.start_mark.line + 1,
		.column = (unsigned)r->event.start_mark.column + 1,
		.weight = 1,
		.height = 1};
	return node;
}

/* A tag may only say what the value is anyway. */
static int check_tag(const struct reader *r, const yaml_char_t *tag, const char *fitting[],
	size_t n, struct err *err)
{
	const char *t = (const char *)tag;

	if (!t || !strcmp(t, "!"))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!strncmp(t, CORE_TAG, strlen(CORE_TAG)) &&
			!strcmp(t + strlen(CORE_TAG), fitting[i]))
			return 0;
	return fail_here(r, err, "the tag '%.100s' has no meaning here", t);
}

static int open_anchor(struct reader *r, const yaml_char_t *name, struct yaml *node,
	struct anchor **anchor, struct err *err)
{
	*anchor = NULL;
	if (!name)
		return 0;
	if (r->n_anchors == MAX_ANCHORS)
		return fail_here(r, err, "more than %d anchors", MAX_ANCHORS);
	const char *copy =
		arena_copy(r->arena, (const char *)name, strlen((const char *)name), err);
	if (!copy)
		return -1;
	*anchor = &r->anchors[r->n_anchors++];
	**anchor = (struct anchor){copy, node, true};
	return 0;
}

static struct yaml *read_alias(struct reader *r, struct err *err)
{
	const char *name = (const char *)r->event.data.alias.anchor;

	/* the last of that name is meant */
	for (size_t i = r->n_anchors; i-- > 0;) {
		const struct anchor *a = &r->anchors[i];

		if (strcmp(a->name, name))
			continue;
		if (a->is_open) {
			fail_here(r, err, "'*%.100s' stands within itself", name);
			return NULL;
		}
		return count(r, a->node->weight, a->node->bytes, err) < 0 ? NULL : a->node;
	}
	fail_here(r, err, "there is no '&%.100s' before this", name);
	return NULL;
}

static struct yaml *read_scalar(struct reader *r, struct err *err)
{
	const char *fitting[] = {"str", "int", "float", "bool", "null"};
	const char *text = (const char *)r->event.data.scalar.value;
	const yaml_char_t *tag = r->event.data.scalar.tag;
	size_t len = r->event.data.scalar.length;
	struct yaml *node = new_node(r, YAML_TEXT, err);
	struct anchor *anchor;

	if (!node || count(r, 0, len, err) < 0 ||
		check_tag(r, tag, fitting, ARRAY_LEN(fitting), err) < 0 ||
		open_anchor(r, r->event.data.scalar.anchor, node, &anchor, err) < 0)
		return NULL;
	if (anchor)
		anchor->is_open = false;
	if (memchr(text, '\0', len)) {
		fail_here(r, err, "a NUL is no text");
		return NULL;
	}
	node->is_plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
			 (!tag || strcmp((const char *)tag, CORE_TAG "str"));
	if (node->is_plain && yaml_is_null(text))
		node->kind = YAML_NULL;
	node->bytes = len;
	node->text = arena_copy(r->arena, text, len, err);
	return node->text ? node : NULL;
}

static struct yaml *read_node(struct reader *r, size_t depth, struct err *err);

static int read_list(struct reader *r, struct yaml *list, size_t depth, struct err *err)
{
	for (;;) {
		if (next_event(r, err) < 0)
			return -1;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		struct yaml *item = read_node(r, depth + 1, err);
		if (!item || yaml_add_item(r->arena, list, item, err) < 0)
			return -1;
	}
}

static int read_map(struct reader *r, struct yaml *map, size_t depth, struct err *err)
{
	const struct yaml *merged = NULL;

	for (;;) {
		if (next_event(r, err) < 0)
			return -1;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return yaml_merge(r->arena, map, merged, err);
		struct yaml *key = read_node(r, depth + 1, err);
		if (!key || yaml_check_key(map, key, err) < 0 || next_event(r, err) < 0)
			return -1;
		struct yaml *value = read_node(r, depth + 1, err);
		if (!value)
			return -1;
		bool is_merge = key->is_plain && !strcmp(key->text, "<<");
		if (is_merge && merged)
			return yaml_fail(key, err, "'<<' was already given: it takes a list");
		if (is_merge)
			merged = value;
		else if (yaml_add_pair(r->arena, map, (struct yaml_pair){key, value}, err) < 0)
			return -1;
	}
}

static struct yaml *read_whole(struct reader *r, size_t depth, struct err *err)
{
	bool is_list = r->event.type == YAML_SEQUENCE_START_EVENT;
	struct yaml *node = new_node(r, is_list ? YAML_LIST : YAML_MAP, err);
	const yaml_char_t *tag =
		is_list ? r->event.data.sequence_start.tag : r->event.data.mapping_start.tag;
	const char *fitting[] = {is_list ? "seq" : "map"};
	struct anchor *anchor;

	if (!node || check_tag(r, tag, fitting, 1, err) < 0 ||
		open_anchor(r,
			is_list ? r->event.data.sequence_start.anchor
				: r->event.data.mapping_start.anchor,
			node, &anchor, err) < 0 ||
		(is_list ? read_list : read_map)(r, node, depth, err) < 0)
		return NULL;
	if (anchor)
		anchor->is_open = false;
	return node;
}

/* The value that begins with the event at hand. */
static struct yaml *read_node(struct reader *r, size_t depth, struct err *err)
{
	struct yaml *node = NULL;

	if (r->event.type == YAML_ALIAS_EVENT)
		node = read_alias(r, err);
	else if (depth > YAML_MAX_DEPTH)
		fail_here(r, err, "nested deeper than %d", YAML_MAX_DEPTH);
	else if (r->event.type == YAML_SCALAR_EVENT)
		node = read_scalar(r, err);
	else
		node = read_whole(r, depth, err);
	if (node && depth + node->height - 1 > YAML_MAX_DEPTH) {
		fail_here(r, err, "nested deeper than %d", YAML_MAX_DEPTH);
		return NULL;
	}
	return node;
}

static struct yaml *read_document(struct reader *r, struct err *err)
{
	/* the stream's begin, then the document's */
	if (next_event(r, err) < 0 || next_event(r, err) < 0)
		return NULL;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		fail_here(r, err, "the file is empty");
		return NULL;
	}
	if (next_event(r, err) < 0)
		return NULL;
	struct yaml *root = read_node(r, 1, err);
	/* its end, then that of the stream */
	if (!root || next_event(r, err) < 0 || next_event(r, err) < 0)
		return NULL;
	if (r->event.type != YAML_STREAM_END_EVENT) {
		fail_here(r, err, "a second document begins: there can be one");
		return NULL;
	}
	return root;
}

struct yaml *yaml_parse(
	const char *text, size_t len, const char *name, struct arena *arena, struct err *err)
{
	struct yaml *root = NULL;

	if (len > YAML_MAX_BYTES) {
		err_set(err, OTA_CONFIG, "%.200s:1: larger than %d bytes", name, YAML_MAX_BYTES);
		return NULL;
	}
	struct reader *r = load(err) < 0 ? NULL : arena_take(arena, 1, sizeof(*r), err);
	if (!r)
		return NULL;
	const char *file = arena_copy(arena, name, strlen(name), err);
	if (!file)
		return NULL;
	*r = (struct reader){.file = file, .text = text, .arena = arena};
	if (!api.yaml_parser_initialize(&r->parser)) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	api.yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	api.yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, len);
	root = read_document(r, err);
	api.yaml_event_delete(&r->event);
	api.yaml_parser_delete(&r->parser);
	return root;
}
