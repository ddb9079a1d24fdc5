/* SPDX-License-Identifier: Apache-2.0 */
#include "service/handover.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "flow/images.h"
#include "flow/store.h"
#include "service/locks.h"

#define OFFLINE "ota container handover"

struct move {
	const struct handover_spec *spec;
	struct handover_result *result;
	struct app app;
	bool is_back;
	int fd; /* to the supervisor; -1: there is none */
};

/* --- may it be moved? --- */

static int check_version(const struct move *m, struct err *err)
{
	const struct app_version *to = &m->result->to;
	char name[APP_TEXT_LEN];

	if (app_same(to, &m->app.current)) {
		err_set(err, OTA_NOTHING, "'%s' is at %s already", m->spec->place.name,
			app_text(to, name));
		return -1;
	}
	if (!app_same(to, &m->app.failed) || m->spec->retry || m->is_back)
		return 0;
	err_set(err, OTA_NOTHING, "%s has failed here before: %s", app_text(to, name),
		*m->app.reason ? m->app.reason : "it was rolled back");
	return err_hint(err, "--retry tries it again");
}

static int check_undisturbed(const struct move *m, struct err *err)
{
	return m->spec->force ? 0 : locks_check(&m->spec->place, &m->spec->plan->compose, err);
}

static int run_hooks(const struct move *m, bool is_before, struct err *err)
{
	const struct step step = {.command = m->is_back ? "rollback" : "handover",
		.version = m->result->to.name,
		.digest = &m->result->to.manifest.digest,
		.service = m->spec->place.name};

	if (is_before)
		return hooks_before(&m->spec->hooks, &step, err);
	hooks_after(&m->spec->hooks, &step);
	return 0;
}

/* --- with the supervisor --- */

/* A commit stands, whatever becomes of the supervisor after it. */
static int lose(const struct move *m, struct err *err)
{
	if (m->result->committed_ms)
		return 0;
	return err_set(
		err, OTA_FAILED, "the supervisor of '%s' has ended meanwhile", m->spec->place.name);
}

static void note_step(struct move *m, enum app_step step)
{
	if (step == APP_COMMITTED)
		m->result->committed_ms = clock_mono_ms();
	if (m->spec->told)
		m->spec->told(m->spec->ctx, step);
}

/* Waits for what is awaited, telling the steps before it. */
static int await(struct move *m, enum control_tell awaited, struct err *err)
{
	struct control_answer answer = {.tell = CONTROL_STEP};

	do {
		if (control_read_answer(m->fd, &answer, err) < 0)
			return err->code == OTA_NOTHING ? lose(m, err) : -1;
		if (answer.tell == CONTROL_ERROR && answer.error.code == OTA_INTERRUPTED)
			return lose(m, err);
		if (answer.tell == CONTROL_ERROR) {
			*err = answer.error;
			return -1;
		}
		if (answer.tell == CONTROL_STEP)
			note_step(m, answer.step);
	} while (answer.tell != awaited);
	return 0;
}

static int ask(struct move *m, enum control_verb verb, enum control_tell awaited, struct err *err)
{
	const struct control_request request = {.verb = verb,
		.version = m->result->to,
		.proceed = m->spec->proceed,
		.forget = m->spec->forget,
		.is_back = m->is_back};

	control_ask(m->fd, &request);
	return await(m, awaited, err);
}

static int hold(struct move *m, bool forget, struct err *err)
{
	const struct control_request request = {.verb = CONTROL_HOLD, .forget = forget};

	if (m->fd < 0)
		return 0;
	control_ask(m->fd, &request);
	return await(m, CONTROL_HELD, err);
}

/* --- without one --- */

static int move_offline(struct move *m, struct err *err)
{
	const struct service_place *p = &m->spec->place;
	char path[PATH_MAX];

	if (place_make(p, err) < 0 || place_path(p, "lock", path, err) < 0)
		return -1;
	AUTO_FD lock = lock_take(path, OFFLINE, 0, err);
	if (lock < 0)
		return -1;
	struct app *a = &m->app;
	const struct app_version from = a->current;

	a->failed = m->is_back ? from : (struct app_version){0};
	a->previous = m->spec->forget ? (struct app_version){0} : from;
	a->current = m->result->to;
	a->candidate = (struct app_version){0};
	a->step = APP_SETTLED;
	a->reason[0] = '\0';
	return app_write(p->store, p->name, a, err);
}

/* --- the order of things --- */

static int begin(struct move *m, struct err *err)
{
	const struct service_place *p = &m->spec->place;

	*m->result = (struct handover_result){0};
	m->fd = control_connect(p, err);
	m->result->is_running = m->fd >= 0;
	if (app_read(p->store, p->name, &m->app, err) < 0) {
		if (err->code != OTA_NOTHING && err->code != OTA_CORRUPT)
			return -1;
		m->app = (struct app){0};
	}
	m->result->from = m->app.current;
	return 0;
}

static int find(struct move *m, handover_bring *how, struct err *err)
{
	return how(m->spec->ctx, &m->result->to, err) < 0 ? -1 : check_version(m, err);
}

/* The image that runs goes before the new one comes: for disks that hold only one. */
static int delete_first(struct move *m, struct err *err)
{
	const struct service_place *p = &m->spec->place;
	AUTO_STORE store = STORE;

	if (!app_has(&m->app.current))
		return 0;
	if (m->fd < 0) {
		m->app.current = m->app.previous = (struct app_version){0};
		if (app_write(p->store, p->name, &m->app, err) < 0)
			return -1;
	}
	if (store_open(&store, p->store, OFFLINE, err) < 0)
		return -1;
	if (images_remove(p->store, m->result->from.name, m->spec->boot_id, err) == 0)
		return 0;
	return err->code == OTA_NOTHING ? 0 : -1;
}

/* Downloads go on whatever is locked; what disturbs waits. */
static int bring_and_ask(struct move *m, struct err *err)
{
	const enum compose_strategy strategy = m->spec->strategy;
	const bool is_first = strategy == COMPOSE_DOWNLOAD_THEN_KILL ||
			      strategy == COMPOSE_HAND_OVER || m->is_back;
	const bool deletes = strategy == COMPOSE_DELETE_THEN_DOWNLOAD && !m->is_back;

	/* nobody is stopped for a version that is not newer, or cannot be had now */
	if (find(m, is_first ? m->spec->bring : m->spec->look, err) < 0)
		return -1;
	if (check_undisturbed(m, err) < 0 || run_hooks(m, true, err) < 0)
		return -1;
	if (!is_first && (hold(m, deletes, err) < 0 || (deletes && delete_first(m, err) < 0) ||
				 find(m, m->spec->bring, err) < 0))
		return -1;
	const uint64_t begun_ms = clock_mono_ms();
	if (m->fd < 0)
		return move_offline(m, err);
	if (ask(m, strategy == COMPOSE_HAND_OVER ? CONTROL_HAND_OVER : CONTROL_REPLACE,
		    CONTROL_DONE, err) < 0)
		return -1;
	m->result->committed_ms -= begun_ms;
	m->result->took_ms = clock_mono_ms() - begun_ms;
	return 0;
}

static int move(struct move *m, struct err *err)
{
	int rc = bring_and_ask(m, err);

	if (m->fd >= 0)
		close(m->fd);
	if (rc < 0)
		return err_wrap(err, "move '%s'", m->spec->place.name);
	return run_hooks(m, false, err);
}

int service_handover(
	const struct handover_spec *spec, struct handover_result *result, struct err *err)
{
	struct move m = {.spec = spec, .result = result};

	if (spec->strategy == COMPOSE_DELETE_THEN_DOWNLOAD && !spec->forget) {
		err_set(err, OTA_USAGE, "'%s' deletes the version that runs before the next comes",
			compose_strategy_word(spec->strategy));
		return err_hint(err, "say --no-rollback, or take another --strategy");
	}
	return begin(&m, err) < 0 ? -1 : move(&m, err);
}

/* It is in the store: gc keeps it there. */
static int take_previous(void *ctx, struct app_version *version, struct err *err)
{
	const struct move *m = ctx;

	*version = m->app.previous;
	return app_has(version) ? 0
				: err_set(err, OTA_NOTHING, "there is no version to go back to");
}

int service_rollback(
	const struct handover_spec *spec, struct handover_result *result, struct err *err)
{
	struct handover_spec back = *spec;
	struct move m = {.spec = &back, .result = result, .is_back = true};

	back.bring = take_previous;
	back.ctx = &m;
	back.told = NULL;
	return begin(&m, err) < 0 ? -1 : move(&m, err);
}

int service_stop(const struct service_place *place, struct err *err)
{
	const struct control_request request = {.verb = CONTROL_STOP};
	struct control_answer answer;
	AUTO_FD fd = control_connect(place, err);

	if (fd < 0)
		return -1;
	control_ask(fd, &request);
	do {
		if (control_read_answer(fd, &answer, err) < 0)
			return err->code == OTA_NOTHING
				       ? err_set(err, OTA_FAILED,
						 "the supervisor of '%s' has ended meanwhile",
						 place->name)
				       : -1;
	} while (answer.tell != CONTROL_DONE && answer.tell != CONTROL_ERROR);
	if (answer.tell == CONTROL_DONE)
		return 0;
	*err = answer.error;
	return -1;
}
