/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/container.h"
#include "cmd/output.h"
#include "cmd/services.h"
#include "service/handover.h"

struct handover_args {
	const char *strategy, *on_timeout;
	bool no_rollback, force, retry;
};

#define AT(field) offsetof(struct handover_args, field)
#define STRATEGIES "download-then-kill|kill-then-download|delete-then-download|hand-over"

static const struct option_row handover_rows[] = {
	{"strategy", STRATEGIES, "in place of the one in the compose file", OPTION_CHOICE,
		.offset = AT(strategy)},
	{"on-timeout", "abort|proceed",
		"a version that is not ready in time: keep the old one, or not", OPTION_CHOICE,
		.offset = AT(on_timeout), .preset = "abort"},
	{"no-rollback", NULL, "keep no version to go back to", OPTION_FLAG,
		.offset = AT(no_rollback)},
	{"force", NULL, "also while something holds updates back", OPTION_FLAG,
		.offset = AT(force)},
	{"retry", NULL, "also to a version that has failed here", OPTION_FLAG, .offset = AT(retry)},
};

struct moving {
	struct front *front;
	const struct service *service;
	const char *source; /* NULL: the one of the compose file, or what is in the store of it */
	enum compose_strategy strategy;
};

/* Where the old version stands still until the new one is there, that one comes from its source. */
static bool comes_late(const struct moving *m)
{
	return m->strategy == COMPOSE_KILL_THEN_DOWNLOAD ||
	       m->strategy == COMPOSE_DELETE_THEN_DOWNLOAD;
}

static int bring(void *ctx, struct app_version *version, struct err *err)
{
	const struct moving *m = ctx;
	AUTO_FREE struct pull_result *r = malloc(sizeof(*r));

	if (!r)
		return err_set(err, OTA_FAILED, "out of memory");
	if (!m->source && !comes_late(m)) {
		if (plan_image(m->service, m->front->config.device.store, version, err) == 0)
			return 0;
		if (err->code != OTA_NOTHING)
			return -1;
	}
	if (container_bring(m->front, m->source ? m->source : m->service->source, NULL, 0, r, err) <
		0)
		return -1;
	strcpy(version->name, r->name);
	version->manifest = r->manifest;
	return 0;
}

static int look(void *ctx, struct app_version *version, struct err *err)
{
	const struct moving *m = ctx;

	return container_look(m->front, m->source ? m->source : m->service->source, version, err);
}

static void told(void *ctx, enum app_step step)
{
	const struct moving *m = ctx;

	output_detail(m->front, "%s", app_step_name(step));
}

static void warn(void *front, const char *text)
{
	output_warn(front, "%s", text);
}

static int tell(
	struct front *front, const char *service, const struct handover_result *r, struct err *err)
{
	char name[APP_TEXT_LEN];

	if (r->is_running)
		output_say(front, "'%s' is at %s; %ju ms to its commit, %ju ms in all", service,
			app_text(&r->to, name), (uintmax_t)r->committed_ms, (uintmax_t)r->took_ms);
	else
		output_say(front, "'%s' does not run; its next start is %s", service,
			app_text(&r->to, name));
	json_t *from = services_version_json(&r->from, err);
	json_t *to = from ? services_version_json(&r->to, err) : NULL;
	if (!to) {
		json_free(from);
		return -1;
	}
	return output_json(front,
		json_make(err, "{s:s, s:o, s:o, s:b, s:I, s:I}", "service", service, "from", from,
			"to", to, "running", r->is_running, "committed_ms",
			(long long)r->committed_ms, "took_ms", (long long)r->took_ms),
		err);
}

static void choose_strategy(const char *word, enum compose_strategy *strategy)
{
	for (int i = COMPOSE_DOWNLOAD_THEN_KILL; word && i <= COMPOSE_HAND_OVER; i++)
		if (!strcmp(word, compose_strategy_word((enum compose_strategy)i)))
			*strategy = (enum compose_strategy)i;
}

typedef int step_run(
	const struct handover_spec *spec, struct handover_result *result, struct err *err);

static int move(struct front *front, const struct handover_args *a, char **argv, const char *source,
	step_run *step, struct err *err)
{
	struct container_services services;
	struct container_place place;
	struct handover_result result;

	if (container_place_read(front, &place, err) < 0 ||
		container_services_read(front, &services, err) < 0)
		return -1;
	const struct plan_source from = {
		front->config.container.compose, services.root, services.store, argv[0]};
	AUTO_PLAN *plan = plan_read(&from, err);
	if (!plan)
		return -1;
	struct moving m = {front, plan->service, source, plan->service->update.strategy};
	choose_strategy(a->strategy, &m.strategy);
	const struct handover_spec spec = {.place = {services.run, services.store, argv[0]},
		.plan = plan,
		.strategy = m.strategy,
		.boot_id = place.boot_id,
		.proceed = a->on_timeout && !strcmp(a->on_timeout, "proceed"),
		.forget = a->no_rollback,
		.force = a->force,
		.retry = a->retry,
		.hooks = {front->config.device.hooks, warn, front},
		.bring = bring,
		.look = look,
		.told = told,
		.ctx = &m};
	return step(&spec, &result, err) < 0 ? -1 : tell(front, argv[0], &result, err);
}

static int run_handover(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	return move(front, args, argv, argc > 1 ? argv[1] : NULL, service_handover, err);
}

const struct command cmd_container_handover = {
	.name = "container-handover",
	.synopsis = "NAME [SOURCE]",
	.summary = "move a service to its next version",
	.options = handover_rows,
	.n_options = ARRAY_LEN(handover_rows),
	.args_size = sizeof(struct handover_args),
	.min_args = 1,
	.max_args = 2,
	.run = run_handover,
};

static const struct option_row rollback_rows[] = {
	{"strategy", STRATEGIES, "in place of the one in the compose file", OPTION_CHOICE,
		.offset = AT(strategy)},
	{"force", NULL, "also while something holds updates back", OPTION_FLAG,
		.offset = AT(force)},
};

static int run_rollback(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)argc;
	return move(front, args, argv, NULL, service_rollback, err);
}

const struct command cmd_container_rollback = {
	.name = "container-rollback",
	.synopsis = "NAME",
	.summary = "move a service back to the version before, without the network",
	.options = rollback_rows,
	.n_options = ARRAY_LEN(rollback_rows),
	.args_size = sizeof(struct handover_args),
	.min_args = 1,
	.max_args = 1,
	.run = run_rollback,
};
