/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: each form that is taken, and each that is refused with the option's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/options.h"
#include "cmd/suggest.h"
#include "cmd/value.h"

static struct front front;
static struct parsed parsed;
static struct err err;

#define PARSE(...) parse((char *[]){__VA_ARGS__, NULL})

static int parse(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	options_free(&parsed);
	front = (struct front){0};
	err = (struct err){0};
	return options_parse(&front, argc, argv, &parsed, &err);
}

static int tear_down(void **state)
{
	(void)state;
	options_free(&parsed);
	parsed = (struct parsed){0};
	return 0;
}

static const struct option_row *row_of(const char *name)
{
	const struct command *c = parsed.command;

	for (size_t i = 0; i < c->n_options; i++)
		if (!strcmp(c->options[i].name, name))
			return &c->options[i];
	fail_msg("%s has no option %s", c->name, name);
	return NULL;
}

static const char *string_of(const char *name)
{
	return *(const char **)((char *)parsed.args + row_of(name)->offset);
}

static uint64_t number_of(const char *name)
{
	return *(uint64_t *)((char *)parsed.args + row_of(name)->offset);
}

static bool flag_of(const char *name)
{
	return *(bool *)((char *)parsed.args + row_of(name)->offset);
}

/* A refused line: its code, and what the message must name. */
static void assert_refused(int rc, const char *named)
{
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, OTA_USAGE);
	if (!strstr(err.msg, named))
		fail_msg("'%s' does not name '%s'", err.msg, named);
	assert_true(err.hint[0] != '\0');
}

static void command_and_argument(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "fetch", "oci:/stick"), 0);
	assert_string_equal(parsed.command->name, "fetch");
	assert_int_equal(parsed.argc, 1);
	assert_string_equal(parsed.argv[0], "oci:/stick");
	assert_false(flag_of("retry"));
}

static void global_options_on_both_sides(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "--config", "/c", "fetch", "--root=/r", "--retry", "-qv"), 0);
	assert_string_equal(front.options.config, "/c");
	assert_string_equal(front.options.root, "/r");
	assert_true(front.options.quiet && front.options.verbose);
	assert_true(flag_of("retry"));
	assert_string_equal(front.options.progress, "auto");
}

static void options_behind_arguments(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "write", "oci:x", "--slot", "b"), 0);
	assert_string_equal(string_of("slot"), "b");
	assert_int_equal(parsed.argc, 1);
}

static void two_dashes_end_options(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "fetch", "--", "--retry"), 0);
	assert_string_equal(parsed.argv[0], "--retry");
	assert_false(flag_of("retry"));
}

static void last_value_counts(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "write", "--slot=a", "--slot=b"), 0);
	assert_string_equal(string_of("slot"), "b");
}

static void values_of_pack(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "pack", "--rootfs", "i", "--compatible", "c", "--version",
				 "--help", "-oout:t", "--level", "3", "--frame-size", "256KiB"),
		0);
	assert_string_equal(string_of("version"), "--help");
	assert_false(front.options.version || front.options.help);
	assert_string_equal(string_of("output"), "out:t");
	assert_int_equal(number_of("level"), 3);
	assert_int_equal(number_of("frame-size"), 256 << 10);
	assert_int_equal(number_of("phase"), 100);
}

static void version_before_pack_is_global(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "--version", "pack"), 0);
	assert_true(front.options.version);
}

static void lock_leaves_the_rest_alone(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "lock", "--wait", "5min", "--", "sleep", "-x", "--wait"), 0);
	assert_int_equal(*(unsigned *)((char *)parsed.args + row_of("wait")->offset), 300000);
	assert_int_equal(parsed.argc, 3);
	assert_int_equal(PARSE("ota", "lock", "sh", "-c", "--", "--help"), 0);
	assert_int_equal(parsed.argc, 4);
	assert_string_equal(parsed.argv[2], "--");
	assert_false(front.options.help);
}

static void links_name_the_command(void **state)
{
	(void)state;
	assert_int_equal(PARSE("/usr/bin/ota-fetch", "oci:x"), 0);
	assert_string_equal(parsed.command->name, "fetch");
	assert_int_equal(PARSE("ota-asan", "status"), 0);
	assert_string_equal(parsed.command->name, "status");
	assert_refused(PARSE("lt-ota-status"), "no command");
}

static void help_needs_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "pack", "--help"), 0);
	assert_true(front.options.help);
	assert_int_equal(PARSE("ota", "-h"), 0);
	assert_null(parsed.command);
}

static void unknown_names_are_refused(void **state)
{
	(void)state;
	assert_refused(PARSE("ota"), "no command");
	assert_refused(PARSE("ota", "fecth"), "fecth");
	assert_non_null(strstr(err.hint, "'fetch'"));
	assert_refused(PARSE("ota", "fetch", "--retr"), "--retr");
	assert_non_null(strstr(err.hint, "'--retry'"));
	assert_refused(PARSE("ota", "fetch", "--q"), "--q");
	assert_refused(PARSE("ota", "fetch", "--plans"), "--plans");
	assert_refused(PARSE("ota", "fetch", "-x"), "-x");
	assert_refused(PARSE("ota", "--retry", "fetch"), "before a command");
}

static void the_word_help_is_an_option(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "help", "fetch"), 0);
	assert_true(front.options.help);
	assert_string_equal(parsed.command->name, "fetch");
	assert_int_equal(PARSE("ota", "help"), 0);
	assert_true(front.options.help);
	assert_int_equal(PARSE("ota", "inspect", "help"), 0);
	assert_false(front.options.help);
}

static void unbuilt_commands_say_so(void **state)
{
	(void)state;
	assert_int_equal(PARSE("ota", "doctor", "--whatever"), -1);
	assert_int_equal(err.code, OTA_FAILED);
	assert_non_null(strstr(err.msg, "not built yet"));
	assert_string_equal(front.command, "doctor");
}

static void values_are_checked(void **state)
{
	(void)state;
	assert_refused(PARSE("ota", "write", "--slot", "c"), "--slot");
	assert_refused(PARSE("ota", "write", "--slot"), "--slot");
	assert_refused(PARSE("ota", "write", "--retry=yes"), "--retry");
	assert_refused(PARSE("ota", "pack", "--level", "20"), "--level");
	assert_refused(PARSE("ota", "pack", "--level", "0"), "--level");
	assert_refused(PARSE("ota", "pack", "--epoch", "-1"), "--epoch");
	assert_refused(PARSE("ota", "pack", "--epoch", "9223372036854775808"), "--epoch");
	assert_refused(PARSE("ota", "pack", "--phase", "101"), "--phase");
	assert_refused(PARSE("ota", "sign", "--key=", "x"), "--key");
	assert_refused(PARSE("ota", "--progress", "loud", "status"), "--progress");
}

static void arguments_are_counted(void **state)
{
	(void)state;
	assert_refused(PARSE("ota", "keygen"), "NAME");
	assert_refused(PARSE("ota", "lock", "--"), "COMMAND");
	assert_refused(PARSE("ota", "fetch", "a", "b"), "'b'");
	assert_refused(PARSE("ota", "status", "x"), "'x'");
	assert_refused(PARSE("ota", "sign", "x"), "--key");
}

static void json_is_known_also_on_failure(void **state)
{
	(void)state;
	assert_refused(PARSE("ota", "--bogus", "status", "--json"), "--bogus");
	assert_true(front.options.json);
	assert_refused(PARSE("ota", "--bogus", "status", "--", "--json"), "--bogus");
	assert_false(front.options.json);
}

static void sizes_and_times(void **state)
{
	static const char *const bad_sizes[] = {"", "-1", "+1", " 1", "1 K", "1Q", "K", "0x10",
		"18446744073709551616", "16777216T", "1.5M"};
	static const char *const bad_times[] = {"", "5 min", "-3s", "31d", "1h30min", "x"};
	uint64_t n = 0;
	unsigned ms = 0;

	(void)state;
	assert_int_equal(value_size("18446744073709551615", 0, 0, &n, &err), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(value_size("4G", 0, 0, &n, &err), 0);
	assert_true(n == 4ULL << 30);
	assert_int_equal(value_size("2MB", 0, 0, &n, &err), 0);
	assert_int_equal(n, 2000000);
	assert_int_equal(value_rate("200K/s", &n, &err), 0);
	assert_int_equal(n, 200 << 10);
	assert_int_equal(value_rate("0", &n, &err), -1);
	assert_int_equal(value_time("1h", &ms, &err), 0);
	assert_int_equal(ms, 3600000);
	assert_int_equal(value_time("30", &ms, &err), 0);
	assert_int_equal(ms, 30000);
	for (size_t i = 0; i < ARRAY_LEN(bad_sizes); i++)
		assert_int_equal(value_size(bad_sizes[i], 0, 0, &n, &err), -1);
	for (size_t i = 0; i < ARRAY_LEN(bad_times); i++)
		assert_int_equal(value_time(bad_times[i], &ms, &err), -1);
	assert_int_equal(value_choice("a", "a|b", &err), 0);
	assert_int_equal(value_choice("", "a|b", &err), -1);
	assert_int_equal(value_choice("a|b", "a|b", &err), -1);
}

/* What the rows promise to the parser, the pages and the completions. */
static void table_is_sound(void **state)
{
	const struct command *c;

	(void)state;
	for (size_t i = 0; (c = command_at(i)); i++) {
		assert_ptr_equal(command_find(c->name), c);
		assert_true(strlen(c->summary) <= 67);
		assert_true(c->min_args <= c->max_args);
		for (size_t k = 0; k < c->n_options; k++) {
			const struct option_row *row = &c->options[k];

			assert_true(row->offset < c->args_size);
			assert_true((row->type == OPTION_FLAG) == !row->arg);
			assert_true(!row->required || row->type == OPTION_STRING ||
				    row->type == OPTION_FILE || row->type == OPTION_CHOICE);
		}
	}
	assert_null(suggest_command("zzzzzz"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(command_and_argument, tear_down),
		cmocka_unit_test_teardown(global_options_on_both_sides, tear_down),
		cmocka_unit_test_teardown(options_behind_arguments, tear_down),
		cmocka_unit_test_teardown(two_dashes_end_options, tear_down),
		cmocka_unit_test_teardown(last_value_counts, tear_down),
		cmocka_unit_test_teardown(values_of_pack, tear_down),
		cmocka_unit_test_teardown(version_before_pack_is_global, tear_down),
		cmocka_unit_test_teardown(lock_leaves_the_rest_alone, tear_down),
		cmocka_unit_test_teardown(links_name_the_command, tear_down),
		cmocka_unit_test_teardown(help_needs_nothing_else, tear_down),
		cmocka_unit_test_teardown(unknown_names_are_refused, tear_down),
		cmocka_unit_test_teardown(the_word_help_is_an_option, tear_down),
		cmocka_unit_test_teardown(unbuilt_commands_say_so, tear_down),
		cmocka_unit_test_teardown(values_are_checked, tear_down),
		cmocka_unit_test_teardown(arguments_are_counted, tear_down),
		cmocka_unit_test_teardown(json_is_known_also_on_failure, tear_down),
		cmocka_unit_test(sizes_and_times),
		cmocka_unit_test(table_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
