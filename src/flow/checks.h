/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-tests of a release on trial: the programs in CHECKS/required.d, which must pass, then
 * those in CHECKS/wanted.d, which are only told of. Both in the order of their names; a folder may
 * be missing. A file that is there but cannot be run has not passed.
 */
#ifndef OTA_FLOW_CHECKS_H
#define OTA_FLOW_CHECKS_H

#include <stdbool.h>

#include "flow/parts.h"
#include "slot/record.h"

struct check_report {
	const char *name; /* as in "required.d/services" */
	bool required;
	const char *why;    /* as parts_outcome() has it; "": it passed */
	const char *output; /* its last lines, of both kinds */
};

struct checks {
	const char *dir;
	unsigned timeout_ms; /* of each */
	void (*report)(void *ctx, const struct check_report *report);
	void *ctx;
};

/* Runs them all. detail is for the note on why the slot is left: the first required one that
 * failed, and what it said last. Errors: unhealthy, io, interrupted. */
int checks_run(const struct checks *c, const struct step *step, char detail[DETAIL_LEN],
	struct err *err) MUST_USE;

#endif
