/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors. A function that can fail returns 0 or -1 (or a pointer or NULL) and takes a
 * `struct err *` last. The error is set once, where it happens, and wrapped on its way out with
 * what was being done; main prints it once. An err belongs to its caller and needs no cleanup.
 */
#ifndef OTA_BASE_ERR_H
#define OTA_BASE_ERR_H

enum ota_code {
#define OTA_CODE(name, json, status, meaning) OTA_##name,
#include "base/codes.def"
#undef OTA_CODE
	OTA_CODE_COUNT
};

struct err {
	enum ota_code code;
	char msg[768];
	char hint[256]; /* what to type or do next; empty where nothing helps */
};

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Sets code and message, clears the hint. Always returns -1, for `return err_set(...)`. */
int err_set(struct err *err, enum ota_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same with ": strerror(errno)" behind the message, and a hint where one goes with errno;
 * ENOSPC and EDQUOT turn into OTA_SPACE. */
int err_errno(struct err *err, enum ota_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "what was being done: " before the message. Always returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Sets the hint. Always returns -1. */
int err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The JSON code, the exit status and the meaning of a code. */
const char *code_name(enum ota_code code);
int code_exit_status(enum ota_code code);
const char *code_meaning(enum ota_code code);

#endif
