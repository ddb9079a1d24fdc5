/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A product's own programs before and after a step: HOOKS/pre-COMMAND and HOOKS/post-COMMAND.
 */
#ifndef OTA_FLOW_HOOKS_H
#define OTA_FLOW_HOOKS_H

#include "flow/parts.h"

struct hooks {
	const char *dir;
	void (*warn)(void *ctx, const char *text); /* NULL: silence */
	void *ctx;
};

/* Before the step has changed anything. Errors: busy (one ended with 75: not now), failed (any
 * other status, or no end within a minute). The hint is the last line that it said. */
int hooks_before(const struct hooks *h, const struct step *step, struct err *err) MUST_USE;

/* After the step. What fails here is only warned of. */
void hooks_after(const struct hooks *h, const struct step *step);

#endif
