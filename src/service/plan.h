/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compose file said of a service at one time: each container keeps to the plan that it was
 * started by, while a newer one may already be read for the next.
 */
#ifndef OTA_SERVICE_PLAN_H
#define OTA_SERVICE_PLAN_H

#include "base/buf.h"
#include "flow/app.h"
#include "oci/compose.h"

struct plan {
	struct compose compose;
	const struct service *service;
	unsigned users;
};

struct plan_source {
	const char *compose, *root, *store; /* see compose_read() */
	const char *service;
};

/* Reads it anew; the caller is its first user. Errors: config, usage (no such service). */
struct plan *plan_read(const struct plan_source *from, struct err *err) MUST_USE;

struct plan *plan_use(struct plan *plan);
void plan_drop(struct plan *plan); /* NULL is fine */

/* The image of the service, as the store has it now. Errors: nothing (it was never pulled). */
int plan_image(const struct service *service, const char *store, struct app_version *version,
	struct err *err) MUST_USE;

static inline void cleanup_plan(struct plan **plan)
{
	plan_drop(*plan);
}

#define AUTO_PLAN CLEANUP(cleanup_plan) struct plan

#endif
