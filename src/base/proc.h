/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running another program to its end, or to a deadline. It gets a process group of its own, so that
 * whatever it started ends with it; of its output, of both kinds, the end is kept.
 */
#ifndef OTA_BASE_PROC_H
#define OTA_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define PROC_OUTPUT_MAX 16384

struct proc_result {
	int exit_status; /* 128 + the signal's number, as a shell tells it */
	bool timed_out;
	char output[PROC_OUTPUT_MAX]; /* its last bytes, as text: a NUL in it is a line end */
	size_t output_len;
};

/* argv: a path, or a name that is looked for in PATH, and its arguments; ends with NULL.
 * env: variables ("NAME=value") beside or in place of our own, ends with NULL. A program
 * that does not end in time is asked to (SIGTERM) and soon made to. Errors: failed (it cannot be
 * run), interrupted. */
int proc_run(const char *const *argv, const char *const *env, unsigned timeout_ms,
	struct proc_result *result, struct err *err) MUST_USE;

#endif
