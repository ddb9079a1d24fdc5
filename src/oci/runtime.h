/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that makes containers: runc or crun, called as the OCI runtime's command line has it.
 */
#ifndef OTA_OCI_RUNTIME_H
#define OTA_OCI_RUNTIME_H

#include <limits.h>
#include <stddef.h>

#include "base/err.h"

struct runtime {
	char path[PATH_MAX];
	char state[PATH_MAX]; /* where it keeps its own notes; set by the caller */
};

/* Looks for it in PATH: "crun", "runc", or "auto" for the one that suits the machine's cgroups.
 * Errors: incompatible (there is none, or it is older than 1.0). */
int runtime_find(const char *wanted, struct runtime *runtime, struct err *err) MUST_USE;

#define RUNTIME_ARGS_MAX 24

/* "PATH --root STATE" and these words, ending with NULL each. */
void runtime_words(const struct runtime *runtime, const char *const *words,
	const char *argv[RUNTIME_ARGS_MAX]);

/* Removes the container and whatever runs in it; one that is not there is fine. Errors: failed. */
int runtime_delete(const struct runtime *runtime, const char *id, struct err *err) MUST_USE;

/* What went wrong last, by the log that it was told to write in JSON: "" where it says nothing. */
void runtime_complaint(const char *log, char *text, size_t size);

#endif
