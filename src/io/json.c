/* SPDX-License-Identifier: Apache-2.0 */
#include "io/json.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

/* Counts what jansson would allocate for: values outside of strings, and the depth of nesting. */
static int bound_values(const char *text, size_t len, struct err *err)
{
	size_t values = 1, depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			values++;
			if (++depth > JSON_MAX_DEPTH)
				return err_set(err, OTA_CORRUPT, "JSON nested deeper than %d",
					JSON_MAX_DEPTH);
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
		} else if (c == ',' || c == ':') {
			values++;
		}
	}
	if (values > JSON_MAX_VALUES)
		return err_set(err, OTA_CORRUPT, "JSON of more than %d values", JSON_MAX_VALUES);
	return 0;
}

json_t *json_parse(const char *text, size_t len, const char *what, struct err *err)
{
	json_error_t jerr;

	if (len > JSON_MAX_BYTES) {
		err_set(err, OTA_CORRUPT, "%s: JSON of more than %d bytes", what, JSON_MAX_BYTES);
		return NULL;
	}
	if (bound_values(text, len, err) < 0) {
		err_wrap(err, "%s", what);
		return NULL;
	}
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &jerr);
	if (!value) {
		err_set(err, OTA_CORRUPT, "%s: not sound JSON: line %d: %s", what, jerr.line,
			jerr.text);
		return NULL;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		err_set(err, OTA_CORRUPT, "%s: not a JSON object", what);
		return NULL;
	}
	return value;
}

static int read_string(const json_t *value, const struct json_field *f, struct err *err)
{
	const char *s = json_string_value(value);
	size_t len = json_string_length(value);

	if (len >= f->size)
		return err_set(err, OTA_CORRUPT, "longer than %zu bytes", f->size - 1);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return err_set(err, OTA_CORRUPT, "holds a control character");
	memcpy(f->out, s, len + 1);
	return 0;
}

static int read_value(json_t *value, const struct json_field *f, struct err *err)
{
	switch (f->kind) {
	case JSON_KIND_STRING:
		if (!json_is_string(value))
			return err_set(err, OTA_CORRUPT, "not a string");
		return read_string(value, f, err);
	case JSON_KIND_UINT:
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return err_set(err, OTA_CORRUPT, "not a whole number from 0 to 2^63-1");
		*(uint64_t *)f->out = (uint64_t)json_integer_value(value);
		return 0;
	case JSON_KIND_BOOL:
		if (!json_is_boolean(value))
			return err_set(err, OTA_CORRUPT, "neither true nor false");
		*(bool *)f->out = json_is_true(value);
		return 0;
	case JSON_KIND_OBJECT:
	case JSON_KIND_ARRAY:
		if (f->kind == JSON_KIND_OBJECT ? !json_is_object(value) : !json_is_array(value))
			return err_set(err, OTA_CORRUPT, "not an %s",
				f->kind == JSON_KIND_OBJECT ? "object" : "array");
		*(json_t **)f->out = value;
		return 0;
	case JSON_KIND_ANY:
		return 0;
	}
	return err_set(err, OTA_FAILED, "unknown kind of field");
}

static int read_fields(const json_t *object, const struct json_field *fields, size_t n,
	const char *what, size_t *seen, struct err *err)
{
	*seen = 0;
	for (size_t i = 0; i < n; i++) {
		const struct json_field *f = &fields[i];
		json_t *value = json_object_get(object, f->name);

		if (f->is_nullable && json_is_null(value))
			value = NULL;
		if (f->found)
			*f->found = value != NULL;
		if (!value && !f->optional)
			return err_set(err, OTA_CORRUPT, "%s: '%s' is missing", what, f->name);
		if (value && read_value(value, f, err) < 0)
			return err_wrap(err, "%s: '%s'", what, f->name);
		*seen += value != NULL;
	}
	return 0;
}

static bool is_known(const char *key, const struct json_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(key, fields[i].name))
			return true;
	return false;
}

int json_read(const json_t *object, const struct json_field *fields, size_t n, const char *what,
	struct err *err)
{
	const char *key;
	json_t *value;
	size_t seen;

	if (read_fields(object, fields, n, what, &seen, err) < 0)
		return -1;
	if (seen == json_object_size(object))
		return 0;
	json_object_foreach((json_t *)object, key, value)
	{
		if (!is_known(key, fields, n))
			return err_set(err, OTA_CORRUPT, "%s: unknown field '%.60s'", what, key);
	}
	return 0;
}

int json_read_open(const json_t *object, const struct json_field *fields, size_t n,
	const char *what, struct err *err)
{
	size_t seen;

	return read_fields(object, fields, n, what, &seen, err);
}

size_t json_length(const json_t *array)
{
	return json_array_size(array);
}

json_t *json_item(const json_t *array, size_t i, const char *what, struct err *err)
{
	json_t *item = json_array_get(array, i);

	if (json_is_object(item))
		return item;
	err_set(err, OTA_CORRUPT, "%s: entry %zu is not an object", what, i);
	return NULL;
}

int json_text(
	const json_t *array, size_t i, char *out, size_t size, const char *what, struct err *err)
{
	const json_t *item = json_array_get(array, i);

	if (!json_is_string(item) || json_string_length(item) >= size)
		return err_set(err, OTA_CORRUPT, "%s: entry %zu is not a string of less than %zu",
			what, i, size);
	memcpy(out, json_string_value(item), json_string_length(item) + 1);
	return 0;
}

json_t *json_make(struct err *err, const char *format, ...)
{
	json_error_t jerr;
	va_list ap;

	va_start(ap, format);
	json_t *value = json_vpack_ex(&jerr, 0, format, ap);
	va_end(ap);
	if (!value)
		err_set(err, OTA_FAILED, "make JSON: %s", jerr.text);
	return value;
}

int json_append(json_t *array, json_t *value, struct err *err)
{
	if (!value || json_array_append_new(array, value) == 0)
		return value ? 0 : -1;
	return err_set(err, OTA_FAILED, "out of memory");
}

int json_set(json_t *object, const char *name, json_t *value, struct err *err)
{
	if (!value || json_object_set_new(object, name, value) == 0)
		return value ? 0 : -1;
	return err_set(err, OTA_FAILED, "out of memory");
}

void json_remove_item(json_t *array, size_t i)
{
	json_array_remove(array, i);
}

static int add_text(const char *text, size_t len, void *ctx)
{
	struct {
		struct buf *buf;
		struct err *err;
	} *out = ctx;

	return buf_add(out->buf, text, len, out->err);
}

int json_write(const json_t *value, struct buf *out, struct err *err)
{
	struct {
		struct buf *buf;
		struct err *err;
	} ctx = {out, err};

	err->msg[0] = '\0';
	if (json_dump_callback(value, add_text, &ctx, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
		return 0;
	return err->msg[0] ? -1 : err_set(err, OTA_FAILED, "cannot write JSON");
}

void json_free(json_t *value)
{
	json_decref(value);
}
