/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/netns.h"
#include "service/instance_parts.h"
#include "service/supervisor.h"

/* As other engines have it: twice as long each time, and from the beginning for one that ran well.
 */
#define BACKOFF_MS 100
#define BACKOFF_MAX_MS 60000
#define RAN_WELL_MS 10000
#define SHORT_BYTES (1u << 20) /* folders and notes take less */

/* --- starting --- */

static void end_clearing(struct instance *i)
{
	int status;

	if (i->state != INSTANCE_CLEARING || i->cleaner <= 0)
		return;
	while (waitpid(i->cleaner, &status, 0) < 0 && errno == EINTR)
		;
	instance_reap(i, i->cleaner, status);
}

static bool is_short_of_room(const struct supervisor *s)
{
	uint64_t bytes;
	struct err ignored;

	return dir_free_bytes(s->place.store, &bytes, &ignored) < 0 || bytes < SHORT_BYTES;
}

/* What the last container in it left is removed first, if that is still under way. On a full disk
 * what the other one left is the room that this one needs. */
static struct instance *free_instance(struct supervisor *s, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(s->instances) && is_short_of_room(s); i++)
		end_clearing(&s->instances[i]);
	for (size_t i = 0; i < ARRAY_LEN(s->instances); i++)
		if (!instance_is_there(&s->instances[i]))
			return &s->instances[i];
	for (size_t i = 0; i < ARRAY_LEN(s->instances); i++) {
		end_clearing(&s->instances[i]);
		if (!instance_is_there(&s->instances[i]))
			return &s->instances[i];
	}
	err_set(err, OTA_BUSY, "what the last container left is still there");
	return NULL;
}

/* One network for all versions, where these bind the same port side by side. */
static int share_network(struct supervisor *s, const struct service *service, struct err *err)
{
	struct err ignored;

	if (service->update.sharing != COMPOSE_SHARING_REUSEPORT)
		return 0;
	if (service->network != COMPOSE_NETWORK_HOST && s->netns < 0) {
		s->netns = netns_new(err);
		if (s->netns < 0)
			return -1;
	}
	const bool is_own = service->network != COMPOSE_NETWORK_HOST;
	if (netns_migrate_requests(is_own ? s->netns : -1, &ignored) < 0)
		supervisor_say(s, "connections are not handed on between sockets: %s", ignored.msg);
	return 0;
}

static struct instance *start(struct supervisor *s, const struct app_version *version,
	struct plan *plan, struct sockets *held, enum instance_wait wait, struct err *err)
{
	const struct service *service = plan->service;
	struct instance *i = free_instance(s, err);
	struct sockets sockets;

	if (!i || share_network(s, service, err) < 0)
		return NULL;
	if (!s->old) /* nobody is served by them now */
		sockets_leave(&s->sockets, service);
	if (sockets_open(service, &s->sockets, &sockets, err) < 0)
		return NULL;
	sockets_close(held);
	*held = sockets;
	const bool is_shared = service->update.sharing == COMPOSE_SHARING_REUSEPORT &&
			       service->network != COMPOSE_NETWORK_HOST;
	return instance_start(i, version, plan, held, is_shared ? s->netns : -1, wait, err) < 0
		       ? NULL
		       : i;
}

int roles_start_old(struct supervisor *s, struct err *err)
{
	struct app_version version;

	/* a store that lost its notes, or whose version was deleted: what the file names now */
	if (!app_has(&s->app.current)) {
		if (plan_image(s->plan->service, s->place.store, &version, err) < 0)
			return -1;
		s->app.current = version;
		if (app_write(s->place.store, s->place.name, &s->app, err) < 0)
			return -1;
	}
	s->old = start(s, &s->app.current, s->plan, &s->sockets, INSTANCE_WAIT_NOT, err);
	return s->old ? 0 : -1;
}

int roles_start_new(struct supervisor *s, struct err *err)
{
	const struct plan_source from = {
		s->spec->compose, s->spec->root, s->spec->store, s->spec->name};

	plan_drop(s->next_plan);
	s->next_plan = plan_read(&from, err);
	if (!s->next_plan)
		return -1;
	if (s->old)
		probe_forget(s->old);
	s->new = start(s, &s->app.candidate, s->next_plan, &s->next_sockets,
		s->phase == PHASE_TRY_BOTH ? INSTANCE_WAIT_BESIDE : INSTANCE_WAIT_ALONE, err);
	if (!s->new)
		return -1;
	s->late_ms = clock_mono_ms() + s->next_plan->service->update.handover_timeout_ms;
	return 0;
}

/* --- starting again --- */

static bool may_restart(const struct supervisor *s)
{
	const struct service *service = s->plan->service;

	if (s->must_run || service->restart == COMPOSE_RESTART_ALWAYS ||
		service->restart == COMPOSE_RESTART_UNLESS_STOPPED)
		return true;
	return service->restart == COMPOSE_RESTART_ON_FAILURE && s->status != 0 &&
	       (!service->restart_max || s->restarts < service->restart_max);
}

void roles_restart(struct supervisor *s)
{
	uint64_t wait_ms = s->must_run && !s->restarts ? 0 : BACKOFF_MS;

	if (!may_restart(s)) {
		/* while a handover is under way, its end decides */
		if (s->phase == PHASE_RUN)
			supervisor_queue(s, EVENT_END);
		return;
	}
	for (unsigned i = 0; i < s->restarts && wait_ms < BACKOFF_MAX_MS; i++)
		wait_ms *= 2;
	s->restarts++;
	s->restart_ms = clock_mono_ms() + (wait_ms < BACKOFF_MAX_MS ? wait_ms : BACKOFF_MAX_MS);
}

bool roles_any(const struct supervisor *s)
{
	bool is_any = false;

	for (size_t i = 0; i < ARRAY_LEN(s->instances); i++) {
		const struct instance *at = &s->instances[i];
		/* what cannot be cleared away at the end is for the next start */
		const bool is_left = s->phase == PHASE_END && at->state == INSTANCE_CLEARING &&
				     at->cleaner <= 0 && at->relay <= 0;
		is_any |= instance_is_there(at) && !is_left;
	}
	return is_any;
}

/* --- what containers tell --- */

static void blame(const struct instance *i, struct err *trouble)
{
	char name[APP_TEXT_LEN];

	err_set(trouble, OTA_UNHEALTHY, "%s: %s", app_text(&i->version, name), i->why);
}

/* While another is tried beside it, what the old one suffers is no trouble of that one. */
static bool is_other_tried(const struct supervisor *s)
{
	return s->phase == PHASE_TRY_BOTH || s->phase == PHASE_UNDO;
}

static void say_end(struct supervisor *s, const struct instance *i)
{
	struct err own, *trouble = is_other_tried(s) ? &own : &s->trouble;

	blame(i, trouble);
	supervisor_say(s, "%s", trouble->msg);
}

static void old_ended(struct supervisor *s, const struct instance *i, enum happening what)
{
	s->status = what == HAPPENING_FAILED ? code_exit_status(OTA_FAILED) : i->exit_status;
	if (what == HAPPENING_ENDED && clock_mono_ms() - i->up_ms >= RAN_WELL_MS)
		s->restarts = 0;
	if (s->phase != PHASE_END && s->phase != PHASE_HOLD && s->phase != PHASE_CLEAR)
		say_end(s, i);
	s->old = NULL;
	supervisor_event(s, EVENT_OLD_GONE);
}

static void old_up(struct supervisor *s)
{
	struct err err;

	s->must_run = false;
	/* held for a version that did not come: it has still to prove itself */
	if (s->phase == PHASE_RUN && s->app.step == APP_WATCHING)
		s->phase = PHASE_WATCH;
	if (s->phase == PHASE_WATCH && !s->watched_ms)
		s->watched_ms = clock_mono_ms() + s->plan->service->update.watch_ms + 1;
	if (instance_open(s->old, &err) < 0)
		supervisor_say(s, "%s", err.msg);
}

static void tell_of_old(struct supervisor *s, struct instance *i, enum happening what)
{
	if (what == HAPPENING_UP)
		old_up(s);
	else if (what == HAPPENING_SICK) {
		if (!is_other_tried(s))
			blame(i, &s->trouble);
		supervisor_event(s, EVENT_SICK);
	} else if (what == HAPPENING_ENDED || what == HAPPENING_FAILED)
		old_ended(s, i, what);
}

static void tell_of_new(struct supervisor *s, struct instance *i, enum happening what)
{
	if (what == HAPPENING_UP)
		supervisor_event(s, EVENT_NEW_UP);
	else if (what == HAPPENING_READY)
		supervisor_event(s, EVENT_NEW_READY);
	else if (what == HAPPENING_ENDED || what == HAPPENING_FAILED) {
		if (s->trouble.code == OTA_OK)
			blame(i, &s->trouble);
		s->new = NULL;
		supervisor_queue(s, EVENT_NEW_GONE);
		supervisor_event(s, EVENT_NEW_BAD);
	}
}

void roles_tell(void *ctx, struct instance *i, enum happening what)
{
	struct supervisor *s = ctx;

	if (i == s->old)
		tell_of_old(s, i, what);
	else if (i == s->new)
		tell_of_new(s, i, what);
	else if (i == s->leaving && (what == HAPPENING_ENDED || what == HAPPENING_FAILED)) {
		s->leaving = NULL;
		supervisor_event(s, EVENT_LEFT);
	}
	state_write(s);
}
