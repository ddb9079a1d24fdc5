/* SPDX-License-Identifier: Apache-2.0 */
#include "io/probe.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/inside.h"
#include "base/netns.h"
#include "base/proc.h"
#include "service/instance_parts.h"

#define PROBE_FILE "in/handover-complete"
#define LOOK_MS 5       /* for a file */
#define AGAIN_MS 20     /* after a probe that failed */
#define ATTEMPT_MS 5000 /* the longest that one may take before the service is ready */

/* As other engines have it where nothing is said. */
#define INTERVAL_MS 30000
#define TIMEOUT_MS 30000
#define RETRIES 3

static bool has_test(const struct instance *i)
{
	return i->facts.health.test == COMPOSE_TEST_EXEC ||
	       i->facts.health.test == COMPOSE_TEST_SHELL;
}

static unsigned or_else(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

/* --- in the child --- */

/* Runs words in the container, by the runtime. */
static int exec_inside(const struct instance *i, const struct compose_list *words, bool is_shell,
	unsigned timeout_ms)
{
	char id[PLACE_ID_LEN];
	const char *const head[] = {"exec", id, NULL}, *const env[] = {NULL};
	const char *first[RUNTIME_ARGS_MAX];
	const char **argv = calloc(RUNTIME_ARGS_MAX + words->n + 3, sizeof(*argv));
	struct proc_result *result = malloc(sizeof(*result));
	struct err err;
	size_t n = 0;

	if (!argv || !result)
		return -1;
	place_id(i->host->place, i->letter, id);
	runtime_words(i->host->runtime, head, first);
	for (; first[n]; n++)
		argv[n] = first[n];
	if (is_shell) {
		argv[n++] = "/bin/sh";
		argv[n++] = "-c";
	}
	for (size_t k = 0; k < words->n; k++)
		argv[n++] = words->items[k];
	int rc = proc_run(argv, env, timeout_ms, result, &err) == 0 && !result->timed_out &&
				 result->exit_status == 0
			 ? 0
			 : -1;
	free(argv);
	free(result);
	return rc;
}

static int attempt(const struct instance *i)
{
	const struct compose_update *u = &i->plan->service->update;
	const struct compose_health *h = &i->facts.health;
	struct err err;

	if (i->wait == INSTANCE_WAIT_NOT || i->is_ready || u->ready == COMPOSE_READY_UNSAID)
		return exec_inside(i, &h->words, h->test == COMPOSE_TEST_SHELL,
			or_else(h->timeout_ms, TIMEOUT_MS));
	if (u->ready == COMPOSE_READY_HTTP)
		return probe_http(u->ready_text, ATTEMPT_MS, &err);
	if (u->ready == COMPOSE_READY_TCP)
		return probe_tcp(u->ready_port, ATTEMPT_MS, &err);
	return exec_inside(i, &u->ready_words, false, ATTEMPT_MS);
}

static int look(void *ctx)
{
	const struct instance *i = ctx;
	struct err err;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", i->pid);
	AUTO_FD net = open(path, O_RDONLY | O_CLOEXEC);
	/* a group, so that the whole of it can be ended */
	setpgid(0, 0);
	return net < 0 || netns_enter(net, &err) < 0 || attempt(i) < 0;
}

static void start_look(struct instance *i)
{
	struct err ignored;

	i->probe = child_start(NULL, 0, look, i, &ignored);
	if (i->probe < 0) {
		i->probe = 0;
		i->probe_ms = clock_mono_ms() + AGAIN_MS;
	}
}

/* --- readiness --- */

/* Where balena's users and ours put it; the old version may as well be who says so. */
static bool has_old_said(const struct instance *i)
{
	char path[PATH_MAX];
	struct err ignored;
	struct stat st;

	return place_instance(i->host->place, i->letter == 'a' ? 'b' : 'a', PROBE_FILE, path,
		       &ignored) == 0 &&
	       lstat(path, &st) == 0;
}

void probe_forget(const struct instance *i)
{
	char path[PATH_MAX];
	struct err ignored;

	if (place_instance(i->host->place, i->letter, PROBE_FILE, path, &ignored) == 0)
		unlink(path);
}

/* By its name inside, or the usual one. */
static bool is_file_there(const struct instance *i)
{
	const struct compose_update *u = &i->plan->service->update;
	char path[64], usual[64];

	if (u->ready != COMPOSE_READY_FILE && has_old_said(i))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/root", i->pid);
	snprintf(usual, sizeof(usual), "%s/handover-complete", start_inside(i->plan->service));
	AUTO_FD root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD fd = root < 0
			     ? -1
			     : inside_open(root,
				       (u->ready == COMPOSE_READY_FILE ? u->ready_text : usual) + 1,
				       O_PATH, INSIDE_MOUNTS);
	return fd >= 0;
}

enum waits_for {
	WAITS_FOR_NOTHING,
	WAITS_FOR_FILE,
	WAITS_FOR_NOTIFY,
	WAITS_FOR_TIME,
	WAITS_FOR_LOOK
};

static enum waits_for what_for(const struct instance *i)
{
	const struct compose_update *u = &i->plan->service->update;

	switch (u->ready) {
	case COMPOSE_READY_FILE:
		return WAITS_FOR_FILE;
	case COMPOSE_READY_NOTIFY:
		return WAITS_FOR_NOTIFY;
	case COMPOSE_READY_AFTER:
		return WAITS_FOR_TIME;
	case COMPOSE_READY_UNSAID:
		break;
	default:
		return WAITS_FOR_LOOK;
	}
	if (i->wait == INSTANCE_WAIT_BESIDE)
		return WAITS_FOR_FILE;
	return has_test(i) ? WAITS_FOR_LOOK : WAITS_FOR_NOTHING;
}

static void plan_health(struct instance *i, uint64_t now_ms)
{
	if (has_test(i))
		i->probe_ms = now_ms + or_else(i->facts.health.interval_ms, INTERVAL_MS);
}

void probe_ready(struct instance *i)
{
	if (i->is_ready)
		return;
	i->is_ready = true;
	probe_end(i);
	plan_health(i, clock_mono_ms());
	if (i->wait != INSTANCE_WAIT_NOT)
		i->host->tell(i->host->ctx, i, HAPPENING_READY);
}

void probe_begin(struct instance *i)
{
	const uint64_t now_ms = clock_mono_ms();

	i->is_healthy |= !has_test(i);
	if (i->wait == INSTANCE_WAIT_NOT) {
		plan_health(i, now_ms);
		return;
	}
	switch (what_for(i)) {
	case WAITS_FOR_NOTIFY:
		i->probe_ms = i->has_said_ready ? now_ms : 0;
		return;
	case WAITS_FOR_NOTHING:
		i->probe_ms = now_ms;
		return;
	case WAITS_FOR_TIME:
		i->probe_ms = now_ms + i->plan->service->update.ready_after_ms;
		return;
	default:
		i->probe_ms = now_ms;
	}
}

void probe_end(struct instance *i)
{
	if (i->probe > 0) {
		kill(-i->probe, SIGKILL);
		kill(i->probe, SIGKILL);
	}
	i->probe = 0; /* that it was ended says nothing of the container */
	i->probe_ms = 0;
}

void probe_tick(struct instance *i, uint64_t now_ms)
{
	if (i->state != INSTANCE_UP)
		return;
	if (i->wait == INSTANCE_WAIT_NOT || i->is_ready || what_for(i) == WAITS_FOR_LOOK)
		start_look(i);
	else if (what_for(i) != WAITS_FOR_FILE || is_file_there(i))
		probe_ready(i);
	else
		i->probe_ms = now_ms + LOOK_MS;
}

/* --- health --- */

static void judge(struct instance *i, bool passed, uint64_t now_ms)
{
	const struct compose_health *h = &i->facts.health;
	const bool was_healthy = i->is_healthy;

	i->is_healthy = passed || (i->is_healthy && i->failures + 1 < or_else(h->retries, RETRIES));
	if (passed || (!i->is_healthy && now_ms < i->up_ms + h->start_period_ms))
		i->failures = 0;
	else
		i->failures++;
	plan_health(i, now_ms);
	if (i->is_healthy != was_healthy)
		i->host->tell(i->host->ctx, i, HAPPENING_HEALTH);
	if (i->failures < or_else(h->retries, RETRIES))
		return;
	snprintf(i->why, sizeof(i->why), "its health check failed %u times", i->failures);
	i->failures = 0;
	i->host->tell(i->host->ctx, i, HAPPENING_SICK);
}

void probe_reap(struct instance *i, int status)
{
	const uint64_t now_ms = clock_mono_ms();

	i->probe = 0;
	if (i->state != INSTANCE_UP)
		return;
	if (i->wait == INSTANCE_WAIT_NOT || i->is_ready)
		judge(i, status == 0, now_ms);
	else if (status == 0)
		probe_ready(i);
	else
		i->probe_ms = now_ms + AGAIN_MS;
}
