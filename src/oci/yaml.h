/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as a tree, strict and bounded; libyaml's header stays in yaml.c. Scalars stay text: what
 * they mean is the caller's. Aliases and merge keys are resolved, and what they repeat counts as
 * often as it is there, so that a small file cannot become a large tree.
 */
#ifndef OTA_OCI_YAML_H
#define OTA_OCI_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define YAML_MAX_BYTES (256 * 1024) /* of the file; of its texts, where aliases repeat them */
#define YAML_MAX_NODES 8192         /* keys are nodes, too */
#define YAML_MAX_DEPTH 16

enum yaml_kind {
	YAML_NULL, /* nothing, `~` or null, unquoted */
	YAML_TEXT,
	YAML_LIST,
	YAML_MAP,
};

struct yaml {
	enum yaml_kind kind;
	bool is_plain; /* a text that stands without quotes, and may mean a number */
	const char *file;
	unsigned line, column; /* from 1 */
	const char *text;      /* no NUL within */
	size_t n;              /* of items or pairs */
	struct yaml **items;
	struct yaml_pair *pairs; /* in the order of the file; those of `<<` come last */
	/* of the tree below, itself included: nodes, bytes of text, depth */
	size_t weight, bytes, height;
};

struct yaml_pair {
	struct yaml *key; /* a text */
	struct yaml *value;
};

/* Reads the one document of a file that is called `name`. The tree lives in the arena, also after a
 * failure. Errors: config ("NAME:LINE: ...", or that libyaml is missing), failed. */
struct yaml *yaml_parse(const char *text, size_t len, const char *name, struct arena *arena,
	struct err *err) MUST_USE;

/* What belongs to a key, or NULL. */
const struct yaml *yaml_get(const struct yaml *map, const char *key);

/* An error at this place. Always returns -1. */
int yaml_fail(const struct yaml *at, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
