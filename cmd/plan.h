/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `ota fetch --plan` tells.
 */
#ifndef OTA_CMD_PLAN_H
#define OTA_CMD_PLAN_H

#include "cmd/front.h"
#include "flow/plan.h"
#include "io/source.h"

/* Plans, and tells it. Errors: those of install_plan(). */
int plan_run(struct front *front, const struct device *d, struct source *source,
	const struct policy_options *options, struct err *err) MUST_USE;

#endif
