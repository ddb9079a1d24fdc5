/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a tree of YAML grows; what yaml.c makes of libyaml's events.
 */
#ifndef OTA_OCI_YAML_BUILD_H
#define OTA_OCI_YAML_BUILD_H

#include <stdarg.h>

#include "oci/yaml.h"

int yaml_fail_at(const char *file, size_t line, struct err *err, const char *fmt, va_list args);

/* Is the unquoted text one of those that mean nothing? */
bool yaml_is_null(const char *text);

/* Errors: failed. */
int yaml_add_item(
	struct arena *arena, struct yaml *list, struct yaml *item, struct err *err) MUST_USE;
int yaml_add_pair(
	struct arena *arena, struct yaml *map, struct yaml_pair pair, struct err *err) MUST_USE;

/* Can it be the next key of this map? Errors: config. */
int yaml_check_key(const struct yaml *map, const struct yaml *key, struct err *err) MUST_USE;

/* Adds the pairs of what stands behind `<<` whose keys the complete map lacks; NULL: none. The
 * first of a list wins. Errors: config, failed. */
int yaml_merge(
	struct arena *arena, struct yaml *map, const struct yaml *from, struct err *err) MUST_USE;

#endif
