/* SPDX-License-Identifier: Apache-2.0 */
#include "service/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/lock.h"
#include "io/json.h"
#include "service/supervisor.h"

#define STATE_MAX 4096

static const char *word(const struct supervisor *s)
{
	if (s->phase != PHASE_RUN)
		return phase_name(s->phase);
	if (!s->old)
		return STATE_WAITING;
	return s->old->state == INSTANCE_UP ? "running" : "starting";
}

/* Seen whole or not at all, and gone with the power: no need to sync. */
static void publish(const char *path, const struct buf *text)
{
	char tmp[PATH_MAX + 8];

	snprintf(tmp, sizeof(tmp), "%s.new", path);
	AUTO_FD fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0 && write(fd, text->data, text->len) == (ssize_t)text->len)
		(void)!rename(tmp, path);
}

void state_write(const struct supervisor *s)
{
	AUTO_BUF text = BUF(STATE_MAX);
	char path[PATH_MAX];
	struct err ignored;
	AUTO_JSON *object = json_make(&ignored, "{s:s, s:b, s:s, s:I}", "state", word(s), "healthy",
		s->old && s->old->is_healthy, "reason", s->app.reason, "restarts",
		(long long)s->restarts);

	if (object && json_write(object, &text, &ignored) == 0 &&
		place_path(&s->place, "state", path, &ignored) == 0)
		publish(path, &text);
}

int state_read(const struct service_place *p, struct service_state *state, struct err *err)
{
	const struct json_field fields[] = {{.name = "state",
						    .kind = JSON_KIND_STRING,
						    .out = state->state,
						    .size = sizeof(state->state)},
		{.name = "healthy", .kind = JSON_KIND_BOOL, .out = &state->is_healthy},
		{.name = "reason",
			.kind = JSON_KIND_STRING,
			.out = state->reason,
			.size = sizeof(state->reason)},
		{.name = "restarts", .kind = JSON_KIND_UINT, .out = &state->restarts}};
	AUTO_BUF text = BUF(STATE_MAX);
	char lock[PATH_MAX], path[PATH_MAX];
	struct err ignored;

	if (place_path(p, "lock", lock, err) < 0 || place_path(p, "state", path, err) < 0)
		return -1;
	if (lock_check_free(lock, "the service", &ignored) == 0 || file_read(path, &text, err) < 0)
		return err_set(err, OTA_NOTHING, "'%s' does not run", p->name);
	AUTO_JSON *object = json_parse(text.data ? text.data : "", text.len, path, err);
	return object ? json_read(object, fields, ARRAY_LEN(fields), path, err) : -1;
}

static int visit_one(const char *run, const char *store, const char *name, service_visit *visit,
	void *ctx, struct err *err)
{
	const struct service_place place = {run, store, name};
	struct service_view v = {.name = name};
	struct err ignored;

	if (app_read(store, name, &v.app, &ignored) < 0)
		v.app = (struct app){0};
	v.is_supervised = state_read(&place, &v.state, &ignored) == 0;
	return visit(ctx, &v, err);
}

static int is_name(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int service_each(
	const char *run, const char *store, service_visit *visit, void *ctx, struct err *err)
{
	char path[PATH_MAX];
	struct dirent **names;
	int rc = 0;

	if (path_join(path, store, "apps", err) < 0)
		return -1;
	int n = scandir(path, &names, is_name, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "%s", path);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = visit_one(run, store, names[i]->d_name, visit, ctx, err);
		free(names[i]);
	}
	free(names);
	return rc;
}
