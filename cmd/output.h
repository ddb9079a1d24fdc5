/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is printed. Data goes to stdout, people's text to stderr. With --json stdout carries one
 * object. With --json or --progress=json stderr carries only lines that are objects: warnings,
 * progress where asked for, the error; people's text is silent.
 * Everything that is printed passes text_clean(). A progress bar is taken off the screen first.
 */
#ifndef OTA_CMD_OUTPUT_H
#define OTA_CMD_OUTPUT_H

#include "base/err.h"
#include "cmd/front.h"
#include "io/json.h"

/* A line for people, on stderr; silent with -q and where stderr is objects. output_detail only with
 * -v. */
void output_say(struct front *front, const char *fmt, ...) PRINTF_LIKE(2, 3);
void output_detail(struct front *front, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Something went wrong, yet the step stands. Also printed with -q. */
void output_warn(struct front *front, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A line of data, on stdout; silent with --json, where output_json() says it. */
void output_data(struct front *front, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The one object of --json, on stdout, handed over; without --json it is only freed. A NULL value
 * is the failed json_make() whose error is already in err. Errors: failed. */
int output_json(struct front *front, json_t *value, struct err *err) MUST_USE;

/* The failed step's error, for people or as JSON, with the exit status that goes with it. */
void output_error(struct front *front, const struct err *err, int exit_status);

/* Flushes stdout. Errors: io, for instance where it is a full disk. */
int output_finish(struct err *err) MUST_USE;

#endif
