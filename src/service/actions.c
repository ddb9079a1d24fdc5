/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "service/supervisor.h"

static int note(struct supervisor *s, enum app_step step, struct err *err)
{
	s->app.step = step;
	if (app_write(s->place.store, s->place.name, &s->app, err) < 0)
		return err_wrap(err, "note that the handover is %s", app_step_name(step));
	door_tell_step(s);
	return 0;
}

/* For notes that nothing depends on: without them a restart does a little more than it must. */
static int note_if_possible(struct supervisor *s, enum app_step step)
{
	struct err err;

	if (note(s, step, &err) < 0)
		supervisor_say(s, "%s", err.msg);
	return 0;
}

static void note_trouble(struct supervisor *s)
{
	snprintf(s->app.reason, sizeof(s->app.reason), "%.*s", APP_REASON_LEN - 1, s->trouble.msg);
	text_clean_line(s->app.reason); /* also what was cut within a character */
}

static int prepare(struct supervisor *s, struct err *err)
{
	const enum app_step before = s->app.step;
	char name[APP_TEXT_LEN];

	s->app.candidate = s->request.version;
	s->trouble = (struct err){0};
	if (note(s, APP_PREPARED, err) < 0) {
		s->app.candidate = (struct app_version){0};
		s->app.step = before;
		return -1;
	}
	s->watched_ms = s->restart_ms = 0;
	supervisor_say(s, "moving to %s", app_text(&s->app.candidate, name));
	return 0;
}

static void forget_next(struct supervisor *s)
{
	sockets_close(&s->next_sockets);
	plan_drop(s->next_plan);
	s->next_plan = NULL;
	s->late_ms = 0;
}

/* The record first: only then does the new one take over. */
static int commit(struct supervisor *s, struct err *err)
{
	struct app before = s->app;
	char name[APP_TEXT_LEN];

	if (note(s, APP_READY, err) < 0)
		return -1;
	s->app.failed = s->request.is_back ? s->app.current : (struct app_version){0};
	s->app.previous = s->app.current;
	s->app.current = s->app.candidate;
	s->app.candidate = (struct app_version){0};
	s->app.reason[0] = '\0';
	s->app.starts = 1;
	if (note(s, APP_COMMITTED, err) < 0) {
		before.number = s->app.number;
		s->app = before;
		return -1;
	}
	s->is_waiting = false;
	s->leaving = s->old;
	s->old = s->new;
	s->new = NULL;
	plan_drop(s->plan);
	s->plan = plan_use(s->next_plan);
	sockets_close(&s->sockets);
	s->sockets = s->next_sockets;
	s->next_sockets.n = 0;
	forget_next(s);
	supervisor_say(s, "committed %s", app_text(&s->app.current, name));
	if (instance_open(s->old, &s->trouble) < 0)
		supervisor_queue(s, EVENT_SICK);
	return 0;
}

static int leave(struct supervisor *s)
{
	note_if_possible(s, APP_DRAINING);
	if (s->leaving)
		instance_stop(s->leaving);
	else
		supervisor_queue(s, EVENT_LEFT);
	return 0;
}

static int watch(struct supervisor *s)
{
	const unsigned watch_ms = s->plan->service->update.watch_ms;

	/* until now it was running: what it needs had to stay in the store */
	if (s->request.forget)
		s->app.previous = (struct app_version){0};
	note_if_possible(s, APP_WATCHING);
	door_tell(s, CONTROL_DONE);
	s->watched_ms = clock_mono_ms() + watch_ms;
	if (!watch_ms)
		supervisor_queue(s, EVENT_WATCHED);
	return 0;
}

/* Nothing is wrong with a candidate whose client just left. */
static int give_up(struct supervisor *s)
{
	char name[APP_TEXT_LEN];

	/* by a fault of ours it has only failed where the service stood still for it: it would
	 * again */
	if (s->trouble.code == OTA_UNHEALTHY || (s->trouble.code != OTA_OK && !s->old))
		s->app.failed = s->app.candidate;
	else if (s->trouble.code == OTA_OK)
		err_set(&s->trouble, OTA_INTERRUPTED, "whoever asked for it is gone");
	note_trouble(s);
	supervisor_say(s, "not moved to %s: %s", app_text(&s->app.candidate, name), s->trouble.msg);
	s->app.candidate = (struct app_version){0};
	forget_next(s);
	return note_if_possible(s, APP_SETTLED);
}

static int roll_back(struct supervisor *s)
{
	char name[APP_TEXT_LEN];

	if (!app_has(&s->app.previous)) {
		supervisor_say(s, "%s, and there is no version to go back to", s->trouble.msg);
	} else {
		supervisor_say(
			s, "back to %s: %s", app_text(&s->app.previous, name), s->trouble.msg);
		app_go_back(&s->app);
	}
	note_trouble(s);
	s->watched_ms = 0;
	return note_if_possible(s, APP_SETTLED);
}

static int settle(struct supervisor *s)
{
	s->app.candidate = (struct app_version){0};
	s->watched_ms = 0;
	forget_next(s);
	return note_if_possible(s, APP_SETTLED);
}

static int stop_or_tell(struct supervisor *s, struct instance *i, enum event gone)
{
	if (i)
		instance_stop(i);
	else
		supervisor_queue(s, gone);
	return 0;
}

static int stop_old(struct supervisor *s)
{
	s->restart_ms = s->watched_ms = 0;
	s->must_run = false;
	return stop_or_tell(s, s->old, EVENT_OLD_GONE);
}

/* Where the client is about to delete the version, nothing may refer to it. */
static int tell_held(struct supervisor *s)
{
	if (s->request.forget) {
		s->app.current = s->app.previous = (struct app_version){0};
		note_if_possible(s, APP_SETTLED);
	}
	door_tell(s, CONTROL_HELD);
	return 0;
}

static int start_new(struct supervisor *s)
{
	if (roles_start_new(s, &s->trouble) < 0)
		supervisor_queue(s, EVENT_NEW_BAD);
	return 0;
}

static int run_old(struct supervisor *s)
{
	s->must_run = true;
	s->restarts = 0;
	if (!s->old)
		roles_restart(s);
	return 0;
}

static int stop_old_sick(struct supervisor *s)
{
	supervisor_say(s, "%s", s->trouble.msg);
	s->must_run = s->plan->service->restart != COMPOSE_RESTART_NO || s->old == NULL ||
		      !app_same(&s->old->version, &s->app.current);
	if (s->must_run && s->old)
		instance_stop(s->old);
	return 0;
}

/* A version that is stopped in order has not failed by that. */
static int stop_all(struct supervisor *s)
{
	if (s->app.step == APP_WATCHING && s->app.starts > 0) {
		s->app.starts = 0;
		note_if_possible(s, APP_WATCHING);
	}
	s->must_run = false;
	s->restart_ms = s->late_ms = s->watched_ms = 0;
	for (size_t i = 0; i < ARRAY_LEN(s->instances); i++)
		instance_stop(&s->instances[i]);
	return 0;
}

int action_do(struct supervisor *s, enum action action, struct err *err)
{
	switch (action) {
	case ACTION_PREPARE:
		return prepare(s, err);
	case ACTION_STOP_OLD:
		return stop_old(s);
	case ACTION_START_NEW:
		return start_new(s);
	case ACTION_NOTE_UP:
		return note_if_possible(s, APP_STARTED);
	case ACTION_COMMIT:
		return commit(s, err);
	case ACTION_LEAVE:
		return leave(s);
	case ACTION_WATCH:
		return watch(s);
	case ACTION_GIVE_UP:
		return give_up(s);
	case ACTION_STOP_NEW:
		return stop_or_tell(s, s->new, EVENT_NEW_GONE);
	case ACTION_TELL_HELD:
		return tell_held(s);
	case ACTION_TELL_BAD:
		door_tell(s, CONTROL_ERROR);
		return 0;
	case ACTION_ROLL_BACK:
		return roll_back(s);
	case ACTION_RUN_OLD:
		return run_old(s);
	case ACTION_RESTART:
		roles_restart(s);
		return 0;
	case ACTION_STOP_OLD_SICK:
		return stop_old_sick(s);
	case ACTION_SETTLE:
		return settle(s);
	case ACTION_STOP_ALL:
		return stop_all(s);
	case ACTION_REFUSE:
		break;
	}
	err_set(err, OTA_BUSY, "'%s' is %s now", s->place.name, phase_name(s->phase));
	return err_hint(err, "wait, and ask again");
}
