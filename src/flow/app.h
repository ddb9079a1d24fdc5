/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store knows of each service: STORE/apps/NAME/journal says which version it runs, which
 * one it can go back to, and how far a handover has come.
 *
 * The journal is two blocks of one file, written in turn and in place, each with a number and a
 * checksum; the newest sound one counts. So a step needs one write and one sync, a write that the
 * power cuts leaves the step before, and a full disk is no reason not to go back.
 */
#ifndef OTA_FLOW_APP_H
#define OTA_FLOW_APP_H

#include <limits.h>
#include <stdbool.h>

#include "io/layout.h"

/* How far a handover has come. Up to READY, `current` is the old version, and is what a restart of
 * the machine brings up; from COMMITTED on it is the new one. */
enum app_step {
	APP_SETTLED,   /* none is under way */
	APP_PREPARED,  /* the candidate is in the store and will be started */
	APP_STARTED,   /* its container is */
	APP_READY,     /* it serves */
	APP_COMMITTED, /* it is the current one */
	APP_DRAINING,  /* the old one finishes what it has */
	APP_WATCHING,  /* the old one is gone; one that fails now is rolled back */
};

struct app_version {
	char name[TAG_LEN]; /* what its image went by; "": there is none */
	struct descriptor manifest;
};

#define APP_REASON_LEN 200

struct app {
	enum app_step step;
	struct app_version current, previous, candidate;
	struct app_version failed;   /* the last that a handover to went wrong */
	char reason[APP_REASON_LEN]; /* why; "" */
	uint64_t starts;             /* of the current one since it is watched */
	uint64_t number;             /* of the block; kept by app_write() */
};

const char *app_step_name(enum app_step step);

/* STORE/apps/NAME. Errors: usage (too long). */
int app_dir(const char *store, const char *service, char path[PATH_MAX], struct err *err) MUST_USE;

/* Errors: nothing (there is none), corrupt (no block is sound), io. */
int app_read(const char *store, const char *service, struct app *app, struct err *err) MUST_USE;

/* Durable when it returns. The caller is the only writer: it holds the lock of the service. Errors:
 * io, space (the first time alone). */
int app_write(const char *store, const char *service, struct app *app, struct err *err) MUST_USE;

static inline bool app_has(const struct app_version *v)
{
	return v->name[0] != '\0';
}

static inline bool app_same(const struct app_version *a, const struct app_version *b)
{
	return app_has(a) && app_has(b) && digest_equal(&a->manifest.digest, &b->manifest.digest);
}

/* "NAME (the begin of its digest)", for people: two versions may go by one name. */
#define APP_TEXT_LEN (TAG_LEN + 16)
const char *app_text(const struct app_version *v, char text[APP_TEXT_LEN]);

/* A version as JSON, here and on its way to a supervisor. Errors: failed; corrupt. */
json_t *app_version_json(const struct app_version *v, struct err *err) MUST_USE;
int app_version_parse(json_t *object, struct app_version *v, struct err *err) MUST_USE;

/* The version before is the current one again, and the one that was has failed. */
void app_go_back(struct app *app);

/* Calls `visit` for each version that some service may run or go back to. Errors: io, corrupt,
 * those of visit. */
typedef int app_visit(void *ctx, const struct app_version *version, struct err *err);
int app_each(const char *store, app_visit *visit, void *ctx, struct err *err) MUST_USE;

/* layout_gc() of a store: what services need stays. */
int app_gc_blobs(const char *store, struct err *err) MUST_USE;

#endif
