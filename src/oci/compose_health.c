/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/compose_reader.h"

struct health_form {
	struct compose_health *health;
	bool is_disabled;
};

static struct compose_health *of(void *out)
{
	return ((struct health_form *)out)->health;
}

bool compose_test(struct compose_health *h)
{
	const char *first = h->words.n ? h->words.items[0] : "";

	if (!strcmp(first, "NONE") && h->words.n == 1)
		h->test = COMPOSE_TEST_NONE;
	else if (!strcmp(first, "CMD") && h->words.n > 1)
		h->test = COMPOSE_TEST_EXEC;
	else if (!strcmp(first, "CMD-SHELL") && h->words.n == 2)
		h->test = COMPOSE_TEST_SHELL;
	else
		return false;
	h->words.items++;
	h->words.n--;
	return true;
}

static int take_test_list(const struct yaml *value, struct compose_health *h, struct err *err)
{
	if (compose_test(h))
		return 0;
	yaml_fail(value, err, "a test is [NONE], [CMD, WORDS...] or [CMD-SHELL, LINE]");
	return err_hint(err, "one text without brackets is a line for the shell");
}

static int take_test(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_health *h = of(out);

	if (value->kind == YAML_LIST)
		return compose_list(r, value, &h->words, err) < 0 ? -1
								  : take_test_list(value, h, err);
	const char *line = compose_text(r, value, err);
	if (!line)
		return -1;
	if (!*line)
		return yaml_fail(value, err, "the test is empty");
	h->words.items = arena_take(r->arena, 1, sizeof(line), err);
	if (!h->words.items)
		return -1;
	h->words.items[0] = line;
	h->words.n = 1;
	h->test = COMPOSE_TEST_SHELL;
	return 0;
}

static int take_interval(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_time(value, 1, &of(out)->interval_ms, err);
}

static int take_timeout(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_time(value, 1, &of(out)->timeout_ms, err);
}

static int take_start_period(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_time(value, 0, &of(out)->start_period_ms, err);
}

static int take_retries(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	uint64_t n;

	(void)r;
	if (compose_uint(value, 1, 1000, &n, err) < 0)
		return -1;
	of(out)->retries = (unsigned)n;
	return 0;
}

static int take_disable(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_bool(value, &((struct health_form *)out)->is_disabled, err);
}

int compose_take_healthcheck(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	static const struct compose_key keys[] = {{"test", take_test}, {"interval", take_interval},
		{"timeout", take_timeout}, {"start_period", take_start_period},
		{"retries", take_retries}, {"disable", take_disable}};
	struct compose_health *h = &((struct service *)out)->health;
	struct health_form form = {.health = h};

	if (compose_take_map(r, value, keys, ARRAY_LEN(keys), "healthcheck", &form, err) < 0)
		return -1;
	if (form.is_disabled && h->words.n)
		return yaml_fail(value, err, "a test that is disabled: one of them is too much");
	if (form.is_disabled)
		h->test = COMPOSE_TEST_NONE;
	return 0;
}
