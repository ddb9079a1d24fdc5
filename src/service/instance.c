/* SPDX-License-Identifier: Apache-2.0 */
#include "service/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "service/instance_parts.h"

#define CLEAN_AGAIN_MS 1000
#define RELAY_LASTS_MS 1000

void instance_init(struct instance *i, const struct instance_host *host, char letter)
{
	*i = (struct instance){.host = host, .letter = letter};
	i->logs[0] = i->logs[1] = i->notify = i->netns = i->relay_stop = -1;
}

static void close_at(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --- start --- */

static int take(struct instance *i, const struct app_version *version, struct plan *plan,
	const struct sockets *sockets, int netns, struct err *err)
{
	i->version = *version;
	i->plan = plan_use(plan);
	i->netns = netns;
	i->pid = i->early = 0;
	i->failures = 0;
	i->is_ready = i->is_healthy = i->has_said_ready = i->is_stop_due = false;
	i->exit_status = 0;
	i->kill_ms = i->probe_ms = 0;
	i->why[0] = '\0';
	return sockets_open(plan->service, sockets, &i->sockets, err);
}

static int start(struct instance *i, struct err *err)
{
	int out[2], errors[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_errno(err, OTA_FAILED, "a pipe");
	i->logs[0] = out[0];
	AUTO_FD out_end = out[1];
	if (pipe2(errors, O_CLOEXEC) < 0)
		return err_errno(err, OTA_FAILED, "a pipe");
	i->logs[1] = errors[0];
	AUTO_FD errors_end = errors[1];
	const struct start_spec spec = {.place = i->host->place,
		.runtime = i->host->runtime,
		.plan = i->plan,
		.manifest = &i->version.manifest,
		.letter = i->letter,
		.sockets = &i->sockets,
		.out = out_end,
		.errors = errors_end,
		.netns = i->netns,
		.store_inside = i->host->store_inside};
	i->starter = start_container(&spec, err);
	if (i->starter < 0)
		return -1;
	i->state = INSTANCE_STARTING;
	return i->plan->service->update.ready == COMPOSE_READY_NOTIFY ? notify_open(i, err) : 0;
}

int instance_start(struct instance *i, const struct app_version *version, struct plan *plan,
	const struct sockets *sockets, int netns, enum instance_wait wait, struct err *err)
{
	i->wait = wait;
	if (take(i, version, plan, sockets, netns, err) == 0 && start(i, err) == 0)
		return 0;
	if (i->starter > 0)
		kill(i->starter, SIGKILL);
	else
		instance_clear(i);
	return -1;
}

int instance_open(struct instance *i, struct err *err)
{
	return i->relay > 0 ? 0 : relay_start(i, err);
}

static void begin_up(struct instance *i)
{
	struct err err;
	char path[PATH_MAX];

	i->state = INSTANCE_UP;
	i->up_ms = clock_mono_ms();
	if (place_instance(i->host->place, i->letter, "facts", path, &err) < 0 ||
		facts_read(path, &i->facts, &err) < 0)
		i->facts = (struct facts){.stop_signal = SIGTERM};
	probe_begin(i);
	i->host->tell(i->host->ctx, i, HAPPENING_UP);
}

/* --- end --- */

static void signal_stop(struct instance *i)
{
	i->is_stop_due = false;
	i->kill_ms = clock_mono_ms() + i->plan->service->stop_grace_ms;
	kill(i->pid, i->facts.stop_signal);
}

void instance_stop(struct instance *i)
{
	if (i->state == INSTANCE_STARTING)
		i->is_stop_due = true;
	if (i->state != INSTANCE_UP)
		return;
	i->state = INSTANCE_ENDING;
	probe_end(i);
	if (i->relay > 0) {
		close_at(&i->relay_stop);
		i->is_stop_due = true;
	} else {
		signal_stop(i);
	}
}

void instance_signal(const struct instance *i, int signal)
{
	if (i->state == INSTANCE_UP && i->pid > 0)
		kill(i->pid, signal);
}

static int clean(void *ctx)
{
	const struct instance *i = ctx;
	struct err err;

	return start_clean(i->host->place, i->host->runtime, i->letter, &err) < 0;
}

/* Whatever way it went, its folders and what it wrote go. */
void instance_clear(struct instance *i)
{
	struct err err = {0};

	probe_end(i);
	if (i->relay > 0)
		kill(i->relay, SIGKILL);
	close_at(&i->relay_stop);
	close_at(&i->notify);
	sockets_close(&i->sockets);
	facts_free(&i->facts);
	plan_drop(i->plan);
	i->plan = NULL;
	i->kill_ms = i->probe_ms = 0;
	i->state = INSTANCE_CLEARING;
	i->cleaner = child_start(NULL, 0, clean, i, &err);
	if (i->cleaner < 0)
		i->probe_ms = clock_mono_ms() + CLEAN_AGAIN_MS;
}

static void describe_end(struct instance *i, int status)
{
	i->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (WIFSIGNALED(status))
		snprintf(i->why, sizeof(i->why), "it was ended by signal %d", WTERMSIG(status));
	else
		snprintf(i->why, sizeof(i->why), "it ended with status %d", i->exit_status);
}

static void end(struct instance *i, int status)
{
	describe_end(i, status);
	logs_drain(i);
	instance_clear(i);
	i->pid = 0;
	i->host->tell(i->host->ctx, i, HAPPENING_ENDED);
}

/* --- children --- */

static void fail_to_start(struct instance *i)
{
	struct err err;

	start_complaint(i->host->place, i->letter, &err);
	snprintf(i->why, sizeof(i->why), "%.*s", (int)sizeof(i->why) - 1, err.msg);
	logs_drain(i);
	instance_clear(i);
	i->host->tell(i->host->ctx, i, HAPPENING_FAILED);
}

static void reap_starter(struct instance *i, int status)
{
	struct err err;

	i->starter = 0;
	if (status != 0 || start_read_pid(i->host->place, i->letter, &i->pid, &err) < 0) {
		fail_to_start(i);
		return;
	}
	bool stop = i->is_stop_due;
	i->is_stop_due = false;
	begin_up(i);
	if (i->early == i->pid)
		end(i, i->early_status);
	else if (stop)
		instance_stop(i);
}

/* Without one the service has no clients: another takes its place. Where none lasts, the container
 * is as good as ended. */
static void replace_relay(struct instance *i)
{
	struct err ignored;

	close_at(&i->relay_stop);
	if (clock_mono_ms() - i->relay_ms < RELAY_LASTS_MS || relay_start(i, &ignored) < 0)
		instance_stop(i);
}

static void reap_relay(struct instance *i)
{
	i->relay = 0;
	if (i->state == INSTANCE_ENDING && i->is_stop_due)
		signal_stop(i);
	else if (i->state == INSTANCE_UP && i->relay_stop >= 0)
		replace_relay(i);
}

static void reap_cleaner(struct instance *i, int status)
{
	i->cleaner = 0;
	if (status == 0)
		i->state = INSTANCE_GONE;
	else
		i->probe_ms = clock_mono_ms() + CLEAN_AGAIN_MS;
}

/* The container may have ended before the runtime that started it. */
static bool note_early(struct instance *i, pid_t pid, int status)
{
	struct err ignored;
	pid_t container;

	if (i->state != INSTANCE_STARTING ||
		start_read_pid(i->host->place, i->letter, &container, &ignored) < 0 ||
		container != pid)
		return false;
	i->early = pid;
	i->early_status = status;
	return true;
}

bool instance_reap(struct instance *i, pid_t pid, int status)
{
	if (pid == i->starter)
		reap_starter(i, status);
	else if (i->pid > 0 && pid == i->pid)
		end(i, status);
	else if (pid == i->relay)
		reap_relay(i);
	else if (pid == i->probe)
		probe_reap(i, status);
	else if (pid == i->cleaner)
		reap_cleaner(i, status);
	else
		return note_early(i, pid, status);
	return true;
}

bool instance_is_there(const struct instance *i)
{
	return i->state != INSTANCE_GONE || i->relay > 0;
}

/* --- time and descriptors --- */

size_t instance_polls(const struct instance *i, struct pollfd *polls)
{
	size_t n = logs_polls(i, polls);

	if (i->notify >= 0)
		polls[n++] = (struct pollfd){.fd = i->notify, .events = POLLIN};
	return n;
}

void instance_read(struct instance *i, const struct pollfd *polls, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		if (!polls[k].revents)
			continue;
		if (polls[k].fd == i->notify)
			notify_read(i);
		else
			logs_forward(i, polls[k].fd);
	}
}

uint64_t instance_due_ms(const struct instance *i)
{
	if (i->kill_ms && i->probe_ms)
		return i->kill_ms < i->probe_ms ? i->kill_ms : i->probe_ms;
	return i->kill_ms + i->probe_ms;
}

void instance_tick(struct instance *i, uint64_t now_ms)
{
	if (i->kill_ms && now_ms >= i->kill_ms) {
		i->kill_ms = 0;
		kill(i->pid, SIGKILL);
	}
	if (!i->probe_ms || now_ms < i->probe_ms)
		return;
	i->probe_ms = 0;
	if (i->state == INSTANCE_CLEARING)
		instance_clear(i);
	else
		probe_tick(i, now_ms);
}
