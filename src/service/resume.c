/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "service/instance_parts.h"
#include "service/supervisor.h"

#define VARIABLE "OTA_RESUME"
#define TEXT_MAX 65536
#define TRIAL_MS 5000

/* Descriptors and children stay what they are when a process becomes another program. What cannot
 * be had from elsewhere goes over as JSON in a file without a name. */

/* The form has no -1: a descriptor is told as one more, 0 for none. */
static int told(int fd)
{
	return fd + 1;
}

static int untold(uint64_t value)
{
	int fd = (int)value - 1;

	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* --- before --- */

static json_t *sockets_json(const struct sockets *s, struct err *err)
{
	AUTO_JSON *list = json_make(err, "[]");

	for (size_t i = 0; list && i < s->n; i++) {
		const struct held_socket *h = &s->items[i];
		if (json_append(list,
			    json_make(err, "{s:s, s:i, s:b, s:b, s:i}", "key", h->key, "fd",
				    told(h->fd), "udp", h->is_udp, "passed", h->is_passed, "inside",
				    (int)h->inside),
			    err) < 0)
			return NULL;
	}
	json_t *taken = list;
	list = NULL;
	return taken;
}

static json_t *instance_json(const struct instance *i, struct err *err)
{
	json_t *version = app_version_json(&i->version, err);

	return version ? json_make(err, "{s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:b, s:o}", "pid",
				 (int)i->pid, "relay", (int)i->relay, "relay_stop",
				 told(i->relay_stop), "out", told(i->logs[0]), "errors",
				 told(i->logs[1]), "notify", told(i->notify), "ready", i->is_ready,
				 "healthy", i->is_healthy, "version", version)
		       : NULL;
}

static json_t *whole_json(const struct supervisor *s, struct err *err)
{
	uint64_t now_ms = clock_mono_ms();
	AUTO_JSON *sockets = sockets_json(&s->sockets, err);
	json_t *old = sockets && s->old ? instance_json(s->old, err) : NULL;

	if (!sockets || (s->old && !old))
		return NULL;
	json_t *taken = sockets;
	sockets = NULL;
	return json_make(err, "{s:i, s:i, s:i, s:I, s:i, s:o, s:o*, s:b}", "lock", told(s->lock),
		"control", told(s->control), "netns", told(s->netns), "watch",
		(long long)(s->phase != PHASE_WATCH  ? 0
			    : s->watched_ms > now_ms ? s->watched_ms - now_ms
						     : 1),
		"restarts", (int)s->restarts, "sockets", taken, "old", old, "second",
		s->old == &s->instances[1]);
}

static void keep_open(const struct supervisor *s)
{
	const struct instance *i = s->old;
	const int fds[] = {s->lock, s->control, s->netns, i ? i->relay_stop : -1,
		i ? i->logs[0] : -1, i ? i->logs[1] : -1, i ? i->notify : -1};

	for (size_t k = 0; k < ARRAY_LEN(fds); k++)
		if (fds[k] >= 0)
			fcntl(fds[k], F_SETFD, 0);
	for (size_t k = 0; k < s->sockets.n; k++)
		fcntl(s->sockets.items[k].fd, F_SETFD, 0);
}

static int write_state(const struct supervisor *s, struct err *err)
{
	AUTO_BUF text = BUF(TEXT_MAX);
	AUTO_JSON *object = whole_json(s, err);
	AUTO_FD fd = memfd_create("ota", 0);

	if (!object || json_write(object, &text, err) < 0)
		return -1;
	if (fd < 0)
		return err_errno(err, OTA_FAILED, "a file in memory");
	return file_pwrite(fd, text.data, text.len, 0, "a file in memory", err) < 0 ? -1
										    : fd_take(&fd);
}

/* Where it was started from, although the file may be another one by now. */
static int find_program(char path[PATH_MAX], struct err *err)
{
	static const char gone[] = " (deleted)";
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n <= 0)
		return err_errno(err, OTA_FAILED, "/proc/self/exe");
	path[n] = '\0';
	char *at = strstr(path, gone);
	if (at && !at[strlen(gone)])
		*at = '\0';
	return 0;
}

/* One that does not even tell its version is not handed a service. */
static int try_program(const char *path, struct err *err)
{
	const char *argv[] = {path, "--version", NULL}, *const env[] = {NULL};
	AUTO_FREE struct proc_result *result = malloc(sizeof(*result));

	if (!result)
		return err_set(err, OTA_FAILED, "out of memory");
	if (proc_run(argv, env, TRIAL_MS, result, err) < 0)
		return -1;
	return result->exit_status == 0 ? 0 : err_set(err, OTA_FAILED, "%s does not run", path);
}

static int try_plan(const struct supervisor *s, struct err *err)
{
	const struct plan_source from = {
		s->spec->compose, s->spec->root, s->spec->store, s->spec->name};
	AUTO_PLAN *plan = plan_read(&from, err);

	return plan ? 0 : -1;
}

static int become(struct supervisor *s, struct err *err)
{
	AUTO_BUF line = BUF(TEXT_MAX);
	char path[PATH_MAX], value[16];
	char *argv[256];
	size_t n = 0;

	if (find_program(path, err) < 0 || try_program(path, err) < 0 || try_plan(s, err) < 0 ||
		file_read("/proc/self/cmdline", &line, err) < 0)
		return -1;
	for (char *at = line.data; at < line.data + line.len && n < ARRAY_LEN(argv) - 1;
		at += strlen(at) + 1)
		argv[n++] = at;
	argv[n] = NULL;
	int fd = write_state(s, err);
	if (fd < 0)
		return -1;
	snprintf(value, sizeof(value), "%d", fd);
	setenv(VARIABLE, value, 1);
	keep_open(s);
	execv(path, argv);
	close(fd);
	return err_errno(err, OTA_FAILED, "%s", path);
}

/* A moment when nothing is under way: the one container runs, or none does. */
static bool is_quiet(const struct supervisor *s)
{
	if ((s->phase != PHASE_RUN && s->phase != PHASE_WATCH) || s->client >= 0 ||
		(s->restart_ms && !s->is_waiting))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(s->instances); i++) {
		const struct instance *at = &s->instances[i];
		if (at->state != (at == s->old ? INSTANCE_UP : INSTANCE_GONE) || at->probe > 0 ||
			(at != s->old && at->relay > 0))
			return false;
	}
	return true;
}

void resume_become(struct supervisor *s)
{
	struct err err;

	if (!is_quiet(s))
		return;
	s->is_reload_due = false;
	if (become(s, &err) < 0)
		supervisor_say(s, "goes on as it is: %s", err.msg);
}

/* --- after --- */

static int take_sockets(json_t *list, struct sockets *s, struct err *err)
{
	for (s->n = 0; s->n < json_length(list) && s->n < SOCKETS_MAX; s->n++) {
		struct held_socket *h = &s->items[s->n];
		uint64_t fd, inside;
		const struct json_field fields[] = {{.name = "key",
							    .kind = JSON_KIND_STRING,
							    .out = h->key,
							    .size = sizeof(h->key)},
			{.name = "fd", .kind = JSON_KIND_UINT, .out = &fd},
			{.name = "udp", .kind = JSON_KIND_BOOL, .out = &h->is_udp},
			{.name = "passed", .kind = JSON_KIND_BOOL, .out = &h->is_passed},
			{.name = "inside", .kind = JSON_KIND_UINT, .out = &inside}};
		json_t *item = json_item(list, s->n, VARIABLE, err);

		if (!item || json_read(item, fields, ARRAY_LEN(fields), VARIABLE, err) < 0)
			return -1;
		h->fd = untold(fd);
		h->inside = (uint16_t)inside;
	}
	return 0;
}

static int take_instance(struct supervisor *s, struct instance *i, json_t *object, struct err *err)
{
	uint64_t pid, relay, relay_stop, out, errors, notify;
	json_t *version;
	char path[PATH_MAX];
	const struct json_field fields[] = {{.name = "pid", .kind = JSON_KIND_UINT, .out = &pid},
		{.name = "relay", .kind = JSON_KIND_UINT, .out = &relay},
		{.name = "relay_stop", .kind = JSON_KIND_UINT, .out = &relay_stop},
		{.name = "out", .kind = JSON_KIND_UINT, .out = &out},
		{.name = "errors", .kind = JSON_KIND_UINT, .out = &errors},
		{.name = "notify", .kind = JSON_KIND_UINT, .out = &notify},
		{.name = "ready", .kind = JSON_KIND_BOOL, .out = &i->is_ready},
		{.name = "healthy", .kind = JSON_KIND_BOOL, .out = &i->is_healthy},
		{.name = "version", .kind = JSON_KIND_OBJECT, .out = &version}};

	if (json_read(object, fields, ARRAY_LEN(fields), VARIABLE, err) < 0 ||
		app_version_parse(version, &i->version, err) < 0 ||
		place_instance(&s->place, i->letter, "facts", path, err) < 0 ||
		facts_read(path, &i->facts, err) < 0)
		return -1;
	i->pid = (pid_t)pid;
	i->relay = (pid_t)relay;
	i->relay_stop = untold(relay_stop);
	i->logs[0] = untold(out);
	i->logs[1] = untold(errors);
	i->notify = untold(notify);
	i->netns = s->netns;
	i->plan = plan_use(s->plan);
	i->state = INSTANCE_UP;
	i->up_ms = clock_mono_ms();
	s->old = i;
	probe_begin(i);
	return sockets_share(&s->sockets, &i->sockets, err);
}

static int take_whole(struct supervisor *s, const json_t *object, struct err *err)
{
	uint64_t lock, control, netns, watch, restarts;
	json_t *sockets, *old = NULL;
	bool is_second;
	const struct json_field fields[] = {{.name = "lock", .kind = JSON_KIND_UINT, .out = &lock},
		{.name = "control", .kind = JSON_KIND_UINT, .out = &control},
		{.name = "netns", .kind = JSON_KIND_UINT, .out = &netns},
		{.name = "watch", .kind = JSON_KIND_UINT, .out = &watch},
		{.name = "restarts", .kind = JSON_KIND_UINT, .out = &restarts},
		{.name = "sockets", .kind = JSON_KIND_ARRAY, .out = &sockets},
		{.name = "old", .kind = JSON_KIND_OBJECT, .out = &old, .optional = true},
		{.name = "second", .kind = JSON_KIND_BOOL, .out = &is_second}};

	if (json_read(object, fields, ARRAY_LEN(fields), VARIABLE, err) < 0)
		return -1;
	s->lock = untold(lock);
	s->control = untold(control);
	s->netns = untold(netns);
	s->restarts = (unsigned)restarts;
	s->phase = watch ? PHASE_WATCH : PHASE_RUN;
	s->watched_ms = watch ? clock_mono_ms() + watch : 0;
	if (take_sockets(sockets, &s->sockets, err) < 0 ||
		app_read(s->place.store, s->place.name, &s->app, err) < 0)
		return -1;
	if (!old) {
		s->is_waiting = true;
		s->restart_ms = clock_mono_ms();
	}
	return old ? take_instance(s, &s->instances[is_second], old, err) : 0;
}

int resume_take(struct supervisor *s, bool *resumed, struct err *err)
{
	const char *value = getenv(VARIABLE);
	AUTO_FREE char *text = calloc(1, TEXT_MAX);

	*resumed = value != NULL;
	if (!value)
		return 0;
	if (!text)
		return err_set(err, OTA_FAILED, "out of memory");
	AUTO_FD fd = atoi(value);
	unsetenv(VARIABLE);
	ssize_t n = pread(fd, text, TEXT_MAX - 1, 0);
	AUTO_JSON *object = json_parse(text, n > 0 ? (size_t)n : 0, VARIABLE, err);
	if (!object || take_whole(s, object, err) < 0)
		return err_wrap(err, "take over from the supervisor before");
	supervisor_say(s, "ota %s has taken over", OTA_VERSION);
	return 0;
}
