/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What services do, for people: each supervisor keeps RUN/services/NAME/state, and here it is read.
 */
#ifndef OTA_SERVICE_STATE_H
#define OTA_SERVICE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/app.h"
#include "service/place.h"

#define STATE_WORD_LEN 32
#define STATE_WAITING "waiting" /* no container is there, but one is to be */

struct service_state {
	char state[STATE_WORD_LEN];  /* "running", "starting", "waiting", or a phase */
	bool is_healthy;             /* by its test; true where it has none */
	char reason[APP_REASON_LEN]; /* why it last failed or was rolled back */
	uint64_t restarts;
};

/* What a service is by its journal, and does by its supervisor. */
struct service_view {
	const char *name;
	struct app app;
	bool is_supervised; /* else `state` says nothing */
	struct service_state state;
};

/* Calls `visit` for each service that ever ran here; changes nothing. Errors: io, those of visit.
 */
typedef int service_visit(void *ctx, const struct service_view *view, struct err *err);
int service_each(const char *run, const char *store, service_visit *visit, void *ctx,
	struct err *err) MUST_USE;

/* Errors: nothing (nobody supervises it). */
int state_read(
	const struct service_place *p, struct service_state *state, struct err *err) MUST_USE;

#endif
