/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/compose_reader.h"

#define MIN_MEMORY (6 << 20) /* below, runtimes refuse to start */
#define MAX_CPUS 1024

int compose_take_command(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_command *c = &((struct service *)out)->command;

	c->is_given = true;
	return compose_split(r, value, &c->words, err);
}

int compose_take_entrypoint(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_command *c = &((struct service *)out)->entrypoint;

	c->is_given = true;
	return compose_split(r, value, &c->words, err);
}

int compose_take_restart(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	static const char limited[] = "on-failure:";
	struct service *s = out;
	uint64_t n;
	unsigned i;

	(void)r;
	if (value->kind == YAML_TEXT && !strncmp(value->text, limited, strlen(limited))) {
		if (!compose_digits(value->text + strlen(limited), 1000000, &n) || !n)
			return yaml_fail(
				value, err, "'%.100s' has no number of tries", value->text);
		s->restart = COMPOSE_RESTART_ON_FAILURE;
		s->restart_max = (unsigned)n;
		return 0;
	}
	if (compose_choice(
		    value, compose_restart_words, ARRAY_LEN(compose_restart_words), &i, err) < 0)
		return -1;
	s->restart = (enum compose_restart)i;
	return 0;
}

/* NAME or NUMBER, then perhaps ":" and one more */
int compose_take_user(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	const char *text = compose_word(r, value, err), *group;
	const char *user = text ? compose_cut(r, text, ':', &group, err) : NULL;

	if (!user)
		return -1;
	if (!compose_is_name(user + (*user == '_'), true) ||
		(group && !compose_is_name(group + (*group == '_'), true)))
		return yaml_fail(value, err, "'%.100s' is not USER or USER:GROUP", text);
	((struct service *)out)->user = text;
	return 0;
}

int compose_take_working_dir(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct service *s = out;

	s->working_dir = compose_path(r, value, err);
	return s->working_dir ? 0 : -1;
}

static int take_capabilities(struct compose_reader *r, const struct yaml *value, uint64_t *set,
	uint64_t other, struct err *err)
{
	const uint64_t all = (UINT64_C(1) << COMPOSE_CAPABILITIES) - 1;

	if (value->kind != YAML_LIST)
		return yaml_fail(value, err, "a list is expected here");
	for (size_t i = 0; i < value->n; i++) {
		const char *name = compose_word(r, value->items[i], err);
		if (!name)
			return -1;
		bool is_all = !strcmp(name, "ALL") || !strcmp(name, "all");
		int number = is_all ? 0 : compose_capability(name);
		if (number < 0)
			return yaml_fail(
				value->items[i], err, "the kernel has no capability '%.60s'", name);
		uint64_t bits = is_all ? all : UINT64_C(1) << number;
		/* "all but" is said by all on one side */
		if (other == bits || (!is_all && other != all && (other & bits)))
			return yaml_fail(
				value->items[i], err, "'%.60s' is both added and dropped", name);
		*set |= bits;
	}
	return 0;
}

int compose_take_cap_add(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct service *s = out;

	return take_capabilities(r, value, &s->cap_add, s->cap_drop, err);
}

int compose_take_cap_drop(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct service *s = out;

	return take_capabilities(r, value, &s->cap_drop, s->cap_add, err);
}

int compose_take_read_only(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_bool(value, &((struct service *)out)->is_read_only, err);
}

int compose_take_stop_signal(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	const char *text = compose_word(r, value, err);

	if (!text)
		return -1;
	int number = compose_signal(text);
	if (!number)
		return yaml_fail(value, err, "'%.60s' is no signal", text);
	((struct service *)out)->stop_signal = number;
	return 0;
}

int compose_take_stop_grace(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_time(value, 0, &((struct service *)out)->stop_grace_ms, err);
}

int compose_take_memory(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	uint64_t *bytes = &((struct service *)out)->memory_bytes;
	const char *text = compose_word(r, value, err);

	if (!text)
		return -1;
	if (compose_size(text, bytes) && *bytes >= MIN_MEMORY)
		return 0;
	yaml_fail(value, err, "'%.60s' is no size of 6m or more", text);
	return err_hint(err, "sizes are written as 512k, 64m or 1g; a number alone is bytes");
}

/* Decimal, to three places. */
int compose_take_cpus(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	const char *text = compose_word(r, value, err), *places;
	const char *whole = text ? compose_cut(r, text, '.', &places, err) : NULL;
	uint64_t n, milli = 0;

	if (!whole)
		return -1;
	size_t len = places ? strlen(places) : 0;
	bool sound = compose_digits(whole, MAX_CPUS, &n) &&
		     (!places || (len <= 3 && compose_digits(places, 999, &milli)));
	for (; len && len < 3; len++)
		milli *= 10;
	if (!sound || n * 1000 + milli == 0)
		return yaml_fail(value, err, "'%.60s' is no number of CPUs like 0.5", text);
	((struct service *)out)->cpu_milli = (unsigned)(n * 1000 + milli);
	return 0;
}

static int take_condition(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	static const char *const words[] = {"service_started", "service_healthy"};
	unsigned i;

	(void)r;
	if (compose_choice(value, words, ARRAY_LEN(words), &i, err) < 0)
		return -1;
	((struct compose_dependency *)out)->must_be_healthy = i == 1;
	return 0;
}

static int take_dependency(struct compose_reader *r, const struct yaml *value, size_t i,
	struct compose_dependency *d, struct err *err)
{
	static const struct compose_key keys[] = {{"condition", take_condition}};
	const struct yaml *name = value->kind == YAML_MAP ? value->pairs[i].key : value->items[i];

	d->name = compose_word(r, name, err);
	d->line = name->line;
	if (!d->name)
		return -1;
	return value->kind == YAML_LIST ? 0
					: compose_take_map(r, value->pairs[i].value, keys,
						  ARRAY_LEN(keys), "a dependency", d, err);
}

int compose_take_depends_on(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_dependencies *all = &((struct service *)out)->depends_on;

	if (value->kind != YAML_MAP && value->kind != YAML_LIST)
		return yaml_fail(value, err, "a list or a mapping of services is expected here");
	if (value->n > COMPOSE_MAX_SERVICES)
		return yaml_fail(value, err, "more services than there can be");
	all->items = arena_take(r->arena, value->n, sizeof(*all->items), err);
	if (!all->items)
		return -1;
	for (; all->n < value->n; all->n++) {
		struct compose_dependency *d = &all->items[all->n];

		if (take_dependency(r, value, all->n, d, err) < 0)
			return -1;
		for (size_t i = 0; i < all->n; i++)
			if (!strcmp(all->items[i].name, d->name))
				return yaml_fail(value->items ? value->items[all->n] : value, err,
					"'%.100s' is there twice", d->name);
	}
	return 0;
}
