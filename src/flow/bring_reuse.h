/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing an image by what the slots have of it (reuse.h), for the way of bring.h.
 */
#ifndef OTA_FLOW_BRING_REUSE_H
#define OTA_FLOW_BRING_REUSE_H

#include "flow/bring.h"
#include "flow/partial.h"
#include "flow/reuse.h"

/* Between the plan and the run. */
struct bring_reuse {
	struct partial partial;
	struct frame_set known; /* what needs not be brought whole */
	struct reuse_plan *plan;
};

/* NULL where the plan fails. Errors: those of reuse_plan(). Free it after the run, or without. */
struct bring_reuse *bring_reuse_plan(const struct bring *b, const struct image *image,
	struct reuse_cost *cost, struct err *err) MUST_USE;
void bring_reuse_free(struct bring_reuse *reuse);

/* As bring_delta() leaves it. Errors: those of bring_run(). */
int bring_reuse(const struct bring *b, const struct image *image, struct bring_reuse *reuse,
	uint64_t *whole_bytes, struct err *err) MUST_USE;

#endif
