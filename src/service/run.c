/* SPDX-License-Identifier: Apache-2.0 */
#include "service/run.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/loaded.h"
#include "service/supervisor.h"

#define STARTS_MAX 3      /* of a version that is watched, before it counts as failed */
#define LOCK_WAIT_MS 1000 /* whoever looks at it takes it for an instant */

static void init(struct supervisor *s, const struct service_spec *spec)
{
	*s = (struct supervisor){.spec = spec,
		.place = {spec->run, spec->store, spec->name},
		.lock = -1,
		.signals = -1,
		.control = -1,
		.client = -1,
		.netns = -1};
	s->host = (struct instance_host){&s->place, &s->runtime, spec->store_inside, roles_tell, s};
	instance_init(&s->instances[0], &s->host, 'a');
	instance_init(&s->instances[1], &s->host, 'b');
}

static int take_signals(struct supervisor *s, struct err *err)
{
	static const int heeded[] = {
		SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(heeded); i++)
		sigaddset(&set, heeded[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_errno(err, OTA_FAILED, "signals");
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? err_errno(err, OTA_FAILED, "signals") : 0;
}

static int take_place(struct supervisor *s, struct err *err)
{
	char path[PATH_MAX], holder[64];

	snprintf(holder, sizeof(holder), "ota container run %.40s", s->place.name);
	if (place_make(&s->place, err) < 0 || place_path(&s->place, "lock", path, err) < 0)
		return -1;
	if (s->lock < 0)
		s->lock = lock_take(path, holder, LOCK_WAIT_MS, err);
	if (s->lock < 0)
		return err_wrap(err, "supervise '%s'", s->place.name);
	if (snprintf(s->runtime.state, sizeof(s->runtime.state), "%s/runtime", s->place.run) >=
		PATH_MAX)
		return err_set(err, OTA_USAGE, "%s: the path is too long", s->place.run);
	return 0;
}

/* --- what was before --- */

/* What a supervisor that was killed has left: never two. */
static int clear_place(struct supervisor *s, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(s->instances); i++)
		if (start_clean(&s->place, &s->runtime, s->instances[i].letter, err) < 0)
			return err_wrap(err, "clear away what is left of '%s'", s->place.name);
	return 0;
}

static void fail_watched(struct supervisor *s)
{
	char name[APP_TEXT_LEN];

	snprintf(s->app.reason, sizeof(s->app.reason), "it was started %d times while watched",
		STARTS_MAX);
	supervisor_say(s, "back to %s: %s", app_text(&s->app.previous, name), s->app.reason);
	app_go_back(&s->app);
	s->app.step = APP_SETTLED;
}

/* A handover that was cut short: before the commit it never was, after it its rest is done. */
static int settle(struct supervisor *s, struct err *err)
{
	struct app *a = &s->app;
	char from[APP_TEXT_LEN], to[APP_TEXT_LEN];

	if (a->step == APP_SETTLED)
		return 0;
	if (a->step < APP_COMMITTED) {
		supervisor_say(s, "the handover to %s was cut short; %s goes on",
			app_text(&a->candidate, to), app_text(&a->current, from));
		/* what an earlier version failed by is still wanted */
		if (!app_has(&a->failed))
			snprintf(a->reason, sizeof(a->reason), "the handover was cut short");
		a->candidate = (struct app_version){0};
		a->step = APP_SETTLED;
	} else if (++a->starts > STARTS_MAX && app_has(&a->previous)) {
		fail_watched(s);
	} else {
		a->step = APP_WATCHING;
		s->phase = PHASE_WATCH; /* its time begins when the container is up */
	}
	return app_write(s->place.store, s->place.name, a, err);
}

/* A journal that cannot be read is no reason to run nothing. */
static int read_app(struct supervisor *s, struct err *err)
{
	if (app_read(s->place.store, s->place.name, &s->app, err) == 0)
		return settle(s, err);
	if (err->code != OTA_NOTHING && err->code != OTA_CORRUPT)
		return -1;
	if (err->code == OTA_CORRUPT)
		supervisor_say(s, "%s; what the compose file names is started", err->msg);
	s->app = (struct app){0};
	return plan_image(s->plan->service, s->place.store, &s->app.current, err) < 0
		       ? -1
		       : app_write(s->place.store, s->place.name, &s->app, err);
}

/* --- the whole --- */

static int begin(struct supervisor *s, struct err *err)
{
	state_write(s); /* what one before us has left is not true any more */
	s->control = control_listen(&s->place, err);
	if (s->control < 0 || clear_place(s, err) < 0 || read_app(s, err) < 0)
		return -1;
	const char *missing = depend_missing(s);
	if (!missing)
		return roles_start_old(s, err);
	/* without end: the init system has started both, and the other will come */
	supervisor_say(s, "waits for '%s'", missing);
	s->is_waiting = true;
	s->restart_ms = clock_mono_ms();
	return 0;
}

static int supervise(struct supervisor *s, struct err *err)
{
	const struct service_spec *spec = s->spec;
	const struct plan_source from = {spec->compose, spec->root, spec->store, spec->name};
	bool is_resumed;

	s->plan = plan_read(&from, err);
	if (!s->plan || resume_take(s, &is_resumed, err) < 0 || take_place(s, err) < 0 ||
		take_signals(s, err) < 0 || runtime_find(spec->runtime, &s->runtime, err) < 0)
		return -1;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (!is_resumed && begin(s, err) < 0)
		return -1;
	loaded_trim();
	return supervisor_loop(s, err);
}

static void finish(struct supervisor *s)
{
	const int fds[] = {s->client, s->control, s->signals, s->netns, s->lock};

	sockets_close(&s->sockets);
	plan_drop(s->plan);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int service_run(const struct service_spec *spec, int *status, struct err *err)
{
	struct supervisor *s = malloc(sizeof(*s));

	if (!s)
		return err_set(err, OTA_FAILED, "out of memory");
	init(s, spec);
	int rc = supervise(s, err);
	*status = s->is_ended ? 0 : s->status;
	finish(s);
	free(s);
	return rc;
}
