/* SPDX-License-Identifier: Apache-2.0 */
#include "service/instance_parts.h"
#include "service/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loaded.h"

#define POLLS_MAX (3 + 2 * INSTANCE_POLLS)
#define SAY_LEN 1024
#define LOOK_MS 100 /* at what must run before */

void supervisor_say(struct supervisor *s, const char *fmt, ...)
{
	char text[SAY_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* whom nobody listens to goes on all the same */
	if (logs_has_room(STDERR_FILENO))
		s->spec->say(s->spec->ctx, text);
}

/* --- events --- */

void supervisor_queue(struct supervisor *s, enum event event)
{
	if (s->n_queued < QUEUE_MAX)
		s->queue[s->n_queued++] = event;
}

/* What could not be done leaves the phase as it was; a commit that failed ends the handover. */
static void fail(struct supervisor *s, enum phase before, const struct err *err)
{
	s->phase = before;
	if (before == PHASE_TRY || before == PHASE_TRY_BOTH) {
		s->trouble = *err;
		supervisor_queue(s, EVENT_NEW_BAD);
	} else {
		door_refuse(s, err);
	}
}

static void one_event(struct supervisor *s, enum event event)
{
	const enum phase before = s->phase;
	const struct move move = phase_next(before, event);
	struct err err;

	s->phase = move.next;
	for (unsigned bit = 1; bit <= move.actions; bit <<= 1)
		if (move.actions & bit && action_do(s, (enum action)bit, &err) < 0) {
			fail(s, before, &err);
			return;
		}
}

static void take_queued(struct supervisor *s)
{
	while (s->n_queued > 0) {
		const enum event event = s->queue[0];
		s->n_queued--;
		memmove(s->queue, s->queue + 1, s->n_queued * sizeof(s->queue[0]));
		one_event(s, event);
	}
	state_write(s);
	s->is_trim_due = true;
}

void supervisor_event(struct supervisor *s, enum event event)
{
	one_event(s, event);
	take_queued(s);
}

/* --- time --- */

static bool is_past(uint64_t *at_ms, uint64_t now_ms)
{
	if (!*at_ms || now_ms < *at_ms)
		return false;
	*at_ms = 0;
	return true;
}

static void start_again(struct supervisor *s)
{
	struct err err;

	if (s->is_waiting && depend_missing(s)) {
		s->restart_ms = clock_mono_ms() + LOOK_MS;
		return;
	}
	s->is_waiting = false;
	if (roles_start_old(s, &err) < 0) {
		supervisor_say(s, "%s", err.msg);
		s->status = code_exit_status(err.code);
		roles_restart(s);
	}
	take_queued(s);
}

static void be_late(struct supervisor *s)
{
	char name[APP_TEXT_LEN];

	if (s->phase != PHASE_TRY && s->phase != PHASE_TRY_BOTH)
		return;
	if (s->request.proceed && s->new && s->new->state == INSTANCE_UP) {
		supervisor_say(
			s, "%s is not ready in time, and counts as ready", s->app.candidate.name);
		probe_ready(s->new);
		return;
	}
	err_set(&s->trouble, OTA_UNHEALTHY, "%s was not ready within %u ms",
		app_text(&s->app.candidate, name),
		s->next_plan->service->update.handover_timeout_ms);
	err_hint(&s->trouble, "x-ota: handover-timeout gives it longer");
	supervisor_event(s, EVENT_NEW_BAD);
}

static void tick(struct supervisor *s)
{
	const uint64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < ARRAY_LEN(s->instances); i++)
		instance_tick(&s->instances[i], now_ms);
	if (is_past(&s->restart_ms, now_ms) && !s->old && s->phase != PHASE_END)
		start_again(s);
	if (is_past(&s->late_ms, now_ms))
		be_late(s);
	if (is_past(&s->watched_ms, now_ms))
		supervisor_event(s, EVENT_WATCHED);
}

static void sooner(uint64_t *due_ms, uint64_t at_ms)
{
	if (at_ms && (!*due_ms || at_ms < *due_ms))
		*due_ms = at_ms;
}

static int wait_ms(const struct supervisor *s)
{
	uint64_t due_ms = 0, now_ms = clock_mono_ms();

	sooner(&due_ms, s->restart_ms);
	sooner(&due_ms, s->late_ms);
	sooner(&due_ms, s->watched_ms);
	for (size_t i = 0; i < ARRAY_LEN(s->instances); i++)
		sooner(&due_ms, instance_due_ms(&s->instances[i]));
	if (!due_ms)
		return -1;
	if (due_ms <= now_ms)
		return 0;
	return due_ms - now_ms < INT_MAX ? (int)(due_ms - now_ms) : INT_MAX;
}

/* --- signals and children --- */

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < ARRAY_LEN(s->instances); i++)
			if (instance_reap(&s->instances[i], pid, status))
				break;
	s->is_trim_due = true;
}

static void heed(struct supervisor *s, int signal)
{
	switch (signal) {
	case SIGCHLD:
		reap(s);
		break;
	case SIGHUP:
		s->is_reload_due = true;
		break;
	case SIGINT:
	case SIGTERM:
		s->is_ended = true;
		supervisor_event(s, EVENT_END);
		break;
	default:
		if (s->old)
			instance_signal(s->old, signal);
	}
}

static void read_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		heed(s, (int)info.ssi_signo);
}

/* --- the loop --- */

static size_t own_polls(const struct supervisor *s, struct pollfd *polls)
{
	polls[0] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	polls[1] = (struct pollfd){.fd = s->control, .events = POLLIN};
	polls[2] = (struct pollfd){.fd = s->client, .events = POLLIN};
	return 3; /* a descriptor of -1 is passed over */
}

static void serve(struct supervisor *s, const struct pollfd *polls)
{
	if (polls[0].revents)
		read_signals(s);
	if (polls[2].revents && s->client == polls[2].fd)
		door_listen(s);
	if (polls[1].revents)
		door_open(s);
}

static int wait_once(struct supervisor *s, struct err *err)
{
	struct pollfd polls[POLLS_MAX];
	size_t at[3] = {own_polls(s, polls)};

	for (size_t i = 0; i < 2; i++)
		at[i + 1] = at[i] + instance_polls(&s->instances[i], polls + at[i]);
	int left_ms = wait_ms(s);
	if (s->is_trim_due && (s->phase == PHASE_RUN || s->phase == PHASE_WATCH)) {
		loaded_trim();
		s->is_trim_due = false;
	}
	if (poll(polls, at[2], left_ms) < 0 && errno != EINTR)
		return err_errno(err, OTA_FAILED, "wait");
	for (size_t i = 0; i < 2; i++)
		instance_read(&s->instances[i], polls + at[i], at[i + 1] - at[i]);
	serve(s, polls);
	tick(s);
	return 0;
}

int supervisor_loop(struct supervisor *s, struct err *err)
{
	reap(s); /* those that ended while this became another program */
	state_write(s);
	while (s->phase != PHASE_END || roles_any(s)) {
		if (s->is_reload_due)
			resume_become(s);
		if (wait_once(s, err) < 0)
			return -1;
	}
	err_set(&s->trouble, OTA_INTERRUPTED, "the supervisor of '%s' was told to end",
		s->place.name);
	door_tell(s, s->is_stop_asked ? CONTROL_DONE : CONTROL_ERROR);
	return 0;
}
