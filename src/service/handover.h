/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story of a service that moves to another version, from the command's side: bring the image,
 * ask whether it may be disturbed, and have its supervisor do it, in the order of the strategy.
 */
#ifndef OTA_SERVICE_HANDOVER_H
#define OTA_SERVICE_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/hooks.h"
#include "service/control.h"
#include "service/plan.h"

/* Brings the image into the store, or finds it there; or only looks which one it would be. */
typedef int handover_bring(void *ctx, struct app_version *version, struct err *err);

struct handover_spec {
	struct service_place place;
	const struct plan *plan;
	enum compose_strategy strategy;
	const char *boot_id;
	bool proceed; /* a version that is not ready in time counts as ready */
	bool forget;  /* keep no version to go back to */
	bool force;   /* whoever holds updates back */
	bool retry;   /* also a version that has failed here */
	struct hooks hooks;
	handover_bring *bring, *look;
	void (*told)(void *ctx, enum app_step step); /* NULL: silence */
	void *ctx;                                   /* of both */
};

struct handover_result {
	struct app_version from, to;
	bool is_running;       /* else the next start has it */
	uint64_t committed_ms; /* from the first word to the supervisor */
	uint64_t took_ms;      /* the same until the old version was gone */
};

/* Errors: nothing (it runs already, or has failed here before), busy (a lock, another handover),
 * unhealthy (it is not well, and the old version goes on), usage (delete-then-download without
 * `forget`), those of bring and hooks. */
int service_handover(
	const struct handover_spec *spec, struct handover_result *result, struct err *err) MUST_USE;

/* Back to the version before, which is in the store. Of the spec, bring and look are not used.
 * Errors: the same; nothing (there is none). */
int service_rollback(
	const struct handover_spec *spec, struct handover_result *result, struct err *err) MUST_USE;

/* Stops the container and ends its supervisor. Errors: nothing (none is there), busy, io. */
int service_stop(const struct service_place *place, struct err *err) MUST_USE;

#endif
