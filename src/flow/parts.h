/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of programs, run one after the other in the order of their names: checks and hooks. A
 * folder that is missing holds none. Editors' leavings (hidden, or with ~ at the end) are none.
 */
#ifndef OTA_FLOW_PARTS_H
#define OTA_FLOW_PARTS_H

#include "base/proc.h"
#include "io/digest.h"

/* What the programs are told of the step, in their environment. */
struct step {
	const char *command;         /* OTA_COMMAND */
	char slot;                   /* OTA_SLOT; 0: none */
	const char *version;         /* OTA_VERSION; "": not known */
	const struct digest *digest; /* OTA_DIGEST; NULL: not known */
	const char *service;         /* OTA_SERVICE; NULL: it is about the host */
};

struct parts {
	const char *dir;
	const struct step *step;
	unsigned timeout_ms; /* of each */
	/* Called after each; its error ends the row. */
	int (*ended)(
		void *ctx, const char *name, const struct proc_result *result, struct err *err);
	void *ctx;
};

/* Errors: io, failed (one cannot be started), interrupted, those of ended. */
int parts_run(const struct parts *p, struct err *err) MUST_USE;

/* "exit status 1", "no end within 60 s"; "" where it passed. */
#define OUTCOME_LEN 48
const char *parts_outcome(
	const struct parts *p, const struct proc_result *result, char text[OUTCOME_LEN]);

#endif
