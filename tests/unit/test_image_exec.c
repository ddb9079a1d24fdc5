/* SPDX-License-Identifier: Apache-2.0 */
/* What an image says of its process. */
#include "tests/unit/unit.h"

#include <signal.h>

#include "oci/image_exec.h"

static struct arena arena;
static struct image_exec e;
static struct err err;

static int forget(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static int parse(const char *text)
{
	return image_exec_parse(text, strlen(text), &arena, &e, &err);
}

/* The fields of `config`, with ' for ". */
static int parse_fields(const char *fields)
{
	static char text[64 << 10];

	snprintf(text, sizeof(text), "{'os':'linux','config':{%s}}", fields);
	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	return parse(text);
}

static void says_nothing(void **state)
{
	static const char *const empty[] = {"", "'Labels':{'a':'b'},'Volumes':{'/d':{}}",
		"'Entrypoint':null,'Cmd':null,'Env':null,'User':null,'WorkingDir':null,"
		"'StopSignal':null,'Healthcheck':null",
		"'Entrypoint':[],'Cmd':[],'User':'','WorkingDir':'','StopSignal':''"};

	(void)state;
	assert_works(parse("{}"));
	assert_works(parse("{\"config\":null}"));
	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		assert_works(parse_fields(empty[i]));
		assert_int_equal(e.entrypoint.n + e.command.n + e.environment.n, 0);
		assert_string_equal(e.user, "");
		assert_string_equal(e.working_dir, "");
		assert_int_equal(e.stop_signal, 0);
		assert_int_equal(e.health.test, COMPOSE_TEST_OF_IMAGE);
	}
}

static void says_what_to_run(void **state)
{
	(void)state;
	assert_works(parse_fields("'Entrypoint':['/init','-v'],'Cmd':['sh','-c','a\\nb \\u00fc'],"
				  "'Env':['PATH=/bin','EMPTY=','EQ=a=b','BARE','PATH=/sbin'],"
				  "'User':'web:www','WorkingDir':'/srv','StopSignal':'SIGQUIT'"));
	assert_int_equal(e.entrypoint.n, 2);
	assert_string_equal(e.entrypoint.items[1], "-v");
	assert_int_equal(e.command.n, 3);
	assert_string_equal(e.command.items[2], "a\nb \xc3\xbc");
	assert_int_equal(e.environment.n, 4);
	assert_string_equal(e.environment.items[1].name, "EMPTY");
	assert_string_equal(e.environment.items[1].value, "");
	assert_string_equal(e.environment.items[2].value, "a=b");
	assert_string_equal(e.environment.items[3].value, "/sbin");
	assert_string_equal(e.user, "web:www");
	assert_string_equal(e.working_dir, "/srv");
	assert_int_equal(e.stop_signal, SIGQUIT);
	assert_works(parse_fields("'StopSignal':'15'"));
	assert_int_equal(e.stop_signal, SIGTERM);
	assert_works(parse_fields("'StopSignal':'SIGRTMIN+3'"));
	assert_int_equal(e.stop_signal, SIGRTMIN + 3);
}

static void says_how_it_is_tested(void **state)
{
	(void)state;
	assert_works(
		parse_fields("'Healthcheck':{'Test':['CMD','probe','-q'],'Interval':1500000000,"
			     "'Timeout':1,'StartPeriod':2000000,'Retries':3,'StartInterval':1}"));
	assert_int_equal(e.health.test, COMPOSE_TEST_EXEC);
	assert_int_equal(e.health.words.n, 2);
	assert_string_equal(e.health.words.items[0], "probe");
	assert_int_equal(e.health.interval_ms, 1500);
	assert_int_equal(e.health.timeout_ms, 1);
	assert_int_equal(e.health.start_period_ms, 2);
	assert_int_equal(e.health.retries, 3);
	assert_works(parse_fields("'Healthcheck':{'Test':['CMD-SHELL','a && b']}"));
	assert_int_equal(e.health.test, COMPOSE_TEST_SHELL);
	assert_string_equal(e.health.words.items[0], "a && b");
	assert_works(parse_fields("'Healthcheck':{'Test':['NONE']}"));
	assert_int_equal(e.health.test, COMPOSE_TEST_NONE);
	assert_works(parse_fields("'Healthcheck':{'Test':[],'Interval':1000000}"));
	assert_int_equal(e.health.test, COMPOSE_TEST_OF_IMAGE);
	assert_int_equal(e.health.interval_ms, 1);
}

static void is_not_sound(void **state)
{
	static const char *const wrong[] = {"'Entrypoint':'/bin/sh'", "'Cmd':[1]", "'Cmd':[null]",
		"'Cmd':{}", "'Env':['=a']", "'Env':{'a':'b'}", "'User':1", "'User':'a\\tb'",
		"'WorkingDir':'srv'", "'StopSignal':'SIGNONE'", "'StopSignal':'65'",
		"'StopSignal':9", "'Cmd':['a\\u0000b']", "'Healthcheck':[]",
		"'Healthcheck':{'Test':['RUN','a']}", "'Healthcheck':{'Test':['CMD']}",
		"'Healthcheck':{'Test':['CMD-SHELL','a','b']}", "'Healthcheck':{'Interval':-1}",
		"'Healthcheck':{'Interval':2592000000000001}",
		"'Healthcheck':{'Timeout':9223372036854775807}", "'Healthcheck':{'Retries':1001}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(parse_fields(wrong[i]), OTA_CORRUPT);
	assert_fails(parse("[]"), OTA_CORRUPT);
	assert_fails(parse("{\"config\":[]}"), OTA_CORRUPT);
	assert_fails(parse("{\"config\":{}"), OTA_CORRUPT);
}

static void is_bounded(void **state)
{
	AUTO_FREE char *text = calloc(1, 256 << 10);
	char user[512] = "'User':'";

	(void)state;
	assert_non_null(text);
	memset(user + strlen(user), 'u', 256);
	strcat(user, "'");
	assert_fails(parse_fields(user), OTA_CORRUPT);
	strcpy(text, "{\"config\":{\"Cmd\":[\"");
	size_t len = strlen(text);
	memset(text + len, 'w', (128 << 10) - 1);
	strcat(text, "\"]}}");
	assert_works(parse(text));
	assert_int_equal(strlen(e.command.items[0]), (128 << 10) - 1);
	strcpy(text + len + (128 << 10) - 1, "w\"]}}");
	assert_fails(parse(text), OTA_CORRUPT);
	strcpy(text, "{\"config\":{\"Env\":[\"A=\"");
	for (int i = 0; i < 1024; i++)
		strcat(text, ",\"A=\"");
	strcat(text, "]}}");
	assert_fails(parse(text), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "1024 variables"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(says_nothing, forget),
		cmocka_unit_test_teardown(says_what_to_run, forget),
		cmocka_unit_test_teardown(says_how_it_is_tested, forget),
		cmocka_unit_test_teardown(is_not_sound, forget),
		cmocka_unit_test_teardown(is_bounded, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
