/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: a strict reader and a writer over jansson, whose header stays in json.c.
 *
 * The reader takes an object by a table of its fields. What is missing, of the wrong type, out of
 * range, doubled or not in the table is an error that names the place. Input is bounded in bytes
 * and in values before it is parsed, since hostile JSON costs 80 times its size in memory.
 */
#ifndef OTA_IO_JSON_H
#define OTA_IO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

typedef struct json_t json_t;

#define JSON_MAX_BYTES (256 * 1024)
#define JSON_MAX_VALUES 8192
#define JSON_MAX_DEPTH 16

enum json_kind {
	JSON_KIND_STRING, /* char[size]; longer is an error; no control characters */
	JSON_KIND_UINT,   /* uint64_t, 0 to 2^63-1 */
	JSON_KIND_BOOL,   /* bool */
	JSON_KIND_OBJECT, /* json_t *, borrowed from its parent */
	JSON_KIND_ARRAY,  /* json_t *, borrowed from its parent */
	JSON_KIND_ANY,    /* passed over */
};

struct json_field {
	const char *name;
	enum json_kind kind;
	void *out;
	size_t size;      /* of the string's room */
	bool optional;    /* out keeps its value where the field is missing */
	bool *found;      /* where not NULL: was it there */
	bool is_nullable; /* null is as good as missing */
};

/* Parses one object. `what` names it in errors. The caller frees. Errors: corrupt. */
json_t *json_parse(const char *text, size_t len, const char *what, struct err *err) MUST_USE;

/* Reads an object's fields. With `open`, fields that are not in the table are passed over: for
 * unsigned data whose form others extend. Errors: corrupt, naming what and field. */
int json_read(const json_t *object, const struct json_field *fields, size_t n, const char *what,
	struct err *err) MUST_USE;
int json_read_open(const json_t *object, const struct json_field *fields, size_t n,
	const char *what, struct err *err) MUST_USE;

size_t json_length(const json_t *array);

/* The i-th value, which must be an object; borrowed. Errors: corrupt. */
json_t *json_item(const json_t *array, size_t i, const char *what, struct err *err) MUST_USE;

/* The i-th value, which must be a string that fits, with NUL. Errors: corrupt. */
int json_text(const json_t *array, size_t i, char *out, size_t size, const char *what,
	struct err *err) MUST_USE;

/* Makes a value by jansson's pack format ("{s:s, s:o}"); an `o` hands its value over, also when
 * json_make fails. The caller frees. Errors: failed. */
json_t *json_make(struct err *err, const char *format, ...) MUST_USE;

/* Appends a value, which is handed over. NULL is the failed json_make() whose error is in err
 * already. Errors: failed. */
int json_append(json_t *array, json_t *value, struct err *err) MUST_USE;

/* The same for a field of an object. */
int json_set(json_t *object, const char *name, json_t *value, struct err *err) MUST_USE;

void json_remove_item(json_t *array, size_t i);

/* Writes it compact, keys in the order in which they were made; the same value gives the same
 * bytes. Errors: failed, or the buffer's cap. */
int json_write(const json_t *value, struct buf *out, struct err *err) MUST_USE;

void json_free(json_t *value);

static inline void cleanup_json(json_t **value)
{
	json_free(*value);
}

#define AUTO_JSON CLEANUP(cleanup_json) json_t

#endif
