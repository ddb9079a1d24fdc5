/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/image_exec.h"

#include <limits.h>
#include <string.h>

#include "io/json.h"
#include "oci/compose_reader.h"

#define WORD_ROOM (128 * 1024) /* the kernel takes no longer argument */
#define MAX_VARIABLES 1024
#define USER_ROOM 256
#define SIGNAL_ROOM 32
#define NS_PER_MS 1000000
#define MAX_MS (30ULL * 24 * 3600 * 1000)
#define MAX_RETRIES 1000

struct reading {
	struct arena *arena;
	char *room; /* of WORD_ROOM, for one word at a time */
};

static const char *take_word(
	struct reading *r, const json_t *list, size_t i, const char *what, struct err *err)
{
	if (json_text(list, i, r->room, WORD_ROOM, what, err) < 0)
		return NULL;
	return arena_copy(r->arena, r->room, strlen(r->room), err);
}

/* NULL is a list that is not there. */
static int take_words(struct reading *r, const json_t *list, const char *what,
	struct compose_list *words, struct err *err)
{
	size_t n = json_length(list);

	words->items = arena_take(r->arena, n, sizeof(*words->items), err);
	if (!words->items)
		return -1;
	for (; words->n < n; words->n++)
		if (!(words->items[words->n] = take_word(r, list, words->n, what, err)))
			return -1;
	return 0;
}

/* NAME=VALUE; a name alone sets nothing. */
static int take_environment(
	struct reading *r, const json_t *list, struct compose_pairs *pairs, struct err *err)
{
	struct compose_list texts = {0};

	if (json_length(list) > MAX_VARIABLES)
		return err_set(
			err, OTA_CORRUPT, "config: more than %d variables in Env", MAX_VARIABLES);
	if (take_words(r, list, "config: Env", &texts, err) < 0)
		return -1;
	pairs->items = arena_take(r->arena, texts.n, sizeof(*pairs->items), err);
	if (!pairs->items)
		return -1;
	for (size_t i = 0; i < texts.n; i++) {
		char *end = strchr(texts.items[i], '=');

		if (end == texts.items[i])
			return err_set(err, OTA_CORRUPT, "config: Env: '%.60s' has no name",
				texts.items[i]);
		if (!end)
			continue;
		*end = '\0';
		pairs->items[pairs->n++] = (struct compose_pair){texts.items[i], end + 1};
	}
	return 0;
}

static int take_time(uint64_t ns, const char *what, unsigned *ms, struct err *err)
{
	uint64_t rounded = ns / NS_PER_MS + (ns % NS_PER_MS != 0);

	if (rounded > MAX_MS)
		return err_set(err, OTA_CORRUPT, "config: Healthcheck: %s is past 30 days", what);
	*ms = (unsigned)rounded;
	return 0;
}

static int take_health(
	struct reading *r, const json_t *object, struct compose_health *h, struct err *err)
{
	uint64_t interval = 0, timeout = 0, start_period = 0, retries = 0;
	json_t *test = NULL;
	const struct json_field fields[] = {
		{.name = "Test",
			.kind = JSON_KIND_ARRAY,
			.out = &test,
			.optional = true,
			.is_nullable = true},
		{.name = "Interval", .kind = JSON_KIND_UINT, .out = &interval, .optional = true},
		{.name = "Timeout", .kind = JSON_KIND_UINT, .out = &timeout, .optional = true},
		{.name = "StartPeriod",
			.kind = JSON_KIND_UINT,
			.out = &start_period,
			.optional = true},
		{.name = "Retries", .kind = JSON_KIND_UINT, .out = &retries, .optional = true},
	};

	if (json_read_open(object, fields, ARRAY_LEN(fields), "config: Healthcheck", err) < 0 ||
		take_words(r, test, "config: Healthcheck: Test", &h->words, err) < 0)
		return -1;
	if (h->words.n && !compose_test(h))
		return err_set(err, OTA_CORRUPT, "config: Healthcheck: '%.60s' is no kind of test",
			h->words.items[0]);
	if (retries > MAX_RETRIES)
		return err_set(
			err, OTA_CORRUPT, "config: Healthcheck: more than %d retries", MAX_RETRIES);
	h->retries = (unsigned)retries;
	if (take_time(interval, "Interval", &h->interval_ms, err) < 0 ||
		take_time(timeout, "Timeout", &h->timeout_ms, err) < 0)
		return -1;
	return take_time(start_period, "StartPeriod", &h->start_period_ms, err);
}

struct process {
	json_t *entrypoint, *command, *environment, *health;
	char user[USER_ROOM], working_dir[PATH_MAX], signal[SIGNAL_ROOM];
};

#define FIELD(name, kind, out, size)                                                               \
	{                                                                                          \
		name, kind, out, size, true, NULL, true                                            \
	}

static int read_process(const json_t *config, struct process *p, struct err *err)
{
	const struct json_field fields[] = {
		FIELD("Entrypoint", JSON_KIND_ARRAY, &p->entrypoint, 0),
		FIELD("Cmd", JSON_KIND_ARRAY, &p->command, 0),
		FIELD("Env", JSON_KIND_ARRAY, &p->environment, 0),
		FIELD("Healthcheck", JSON_KIND_OBJECT, &p->health, 0),
		FIELD("User", JSON_KIND_STRING, p->user, sizeof(p->user)),
		FIELD("WorkingDir", JSON_KIND_STRING, p->working_dir, sizeof(p->working_dir)),
		FIELD("StopSignal", JSON_KIND_STRING, p->signal, sizeof(p->signal)),
	};

	return json_read_open(config, fields, ARRAY_LEN(fields), "config: config", err);
}

static int take_process(
	struct reading *r, const json_t *config, struct image_exec *e, struct err *err)
{
	struct process p = {0};

	if (read_process(config, &p, err) < 0 ||
		take_words(r, p.entrypoint, "config: Entrypoint", &e->entrypoint, err) < 0 ||
		take_words(r, p.command, "config: Cmd", &e->command, err) < 0 ||
		take_environment(r, p.environment, &e->environment, err) < 0 ||
		(p.health && take_health(r, p.health, &e->health, err) < 0))
		return -1;
	if (*p.working_dir && *p.working_dir != '/')
		return err_set(err, OTA_CORRUPT, "config: WorkingDir '%.60s' is not absolute",
			p.working_dir);
	if (*p.signal && !(e->stop_signal = compose_signal(p.signal)))
		return err_set(err, OTA_CORRUPT, "config: '%s' is no signal", p.signal);
	e->user = arena_copy(r->arena, p.user, strlen(p.user), err);
	e->working_dir = arena_copy(r->arena, p.working_dir, strlen(p.working_dir), err);
	return e->user && e->working_dir ? 0 : -1;
}

int image_exec_parse(
	const char *text, size_t len, struct arena *arena, struct image_exec *e, struct err *err)
{
	json_t *config = NULL;
	const struct json_field outer[] = {{.name = "config",
		.kind = JSON_KIND_OBJECT,
		.out = &config,
		.optional = true,
		.is_nullable = true}};
	AUTO_FREE char *room = malloc(WORD_ROOM);
	struct reading r = {arena, room};
	AUTO_JSON *root = json_parse(text, len, "config", err);

	*e = (struct image_exec){.user = "", .working_dir = ""};
	if (!room)
		return err_set(err, OTA_FAILED, "out of memory");
	if (!root || json_read_open(root, outer, ARRAY_LEN(outer), "config", err) < 0)
		return -1;
	return config ? take_process(&r, config, e, err) : 0;
}
