/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches a terminal: text from outside made harmless, and a progress line that fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/progress.h"
#include "base/text.h"

static void text_is_made_harmless(void **state)
{
	static const char *const pairs[][2] = {
		{"plain\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
			"plain\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\033[2Jgone\r\t\a\x7f", "?[2Jgone????"},
		{"c1 \xc2\x9b"
		 "31m",
			"c1 ?31m"},
		{"\x9b"
		 "31m",
			"?31m"},
		{"cut \xe2\x82", "cut ??"},
		{"long \xc0\xaf\xe0\x80\xaf", "long ?????"},
		{"half \xed\xa0\x80", "half ???"},
		{"turned \xe2\x80\xae", "turned ?"},
		{"far \xf4\x90\x80\x80\xff", "far ?????"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		snprintf(text, sizeof(text), "%s", pairs[i][0]);
		text_clean(text);
		assert_string_equal(text, pairs[i][1]);
	}
}

static void bytes_for_people(void **state)
{
	char text[TEXT_BYTES_LEN];

	(void)state;
	text_bytes(1023, text);
	assert_string_equal(text, "1023 B");
	text_bytes(20 << 20, text);
	assert_string_equal(text, "20.0 MiB");
	text_bytes((1ULL << 30) - 1, text);
	assert_string_equal(text, "1.0 GiB");
	text_bytes(UINT64_MAX, text);
	assert_string_equal(text, "16.0 EiB");
}

static void the_line_fits(void **state)
{
	struct progress_view v = {
		.step = "write", .total_bytes = 100 << 20, .done_bytes = 50 << 20, .begun = true};
	char line[256];

	(void)state;
	progress_format(&v, 10000, 100, line, sizeof(line));
	assert_non_null(strstr(line, "[###############...............]"));
	assert_non_null(strstr(line, " 50%  50.0 MiB of 100.0 MiB  5.0 MiB/s  0:10 left"));
	for (unsigned columns = 10; columns < 120; columns++) {
		progress_format(&v, 10000, columns, line, sizeof(line));
		assert_true(strlen(line) <= columns);
	}
	progress_format(&v, 10000, 40, line, sizeof(line));
	assert_string_equal(line, "write  50%  5.0 MiB/s  0:10 left");
}

static void nothing_is_left_at_the_end(void **state)
{
	struct progress_view v = {
		.step = "write", .total_bytes = 100 << 20, .done_bytes = 100 << 20, .begun = true};
	char line[256];

	(void)state;
	progress_format(&v, 10000, 100, line, sizeof(line));
	assert_non_null(strstr(line, "100%  100.0 MiB of 100.0 MiB  10.0 MiB/s"));
	assert_null(strstr(line, "left"));
}

static void a_leap_at_the_start_is_no_speed(void **state)
{
	struct progress_view v = {0};
	char line[256];

	(void)state;
	progress_view_set(&v, PROGRESS_LINES);
	const struct progress *p = progress_view_open(&v);
	progress_step(p, "fetch", 1000);
	progress_advance(p, 95);
	progress_format(&v, v.begun_ms + 1000, 80, line, sizeof(line));
	assert_null(strstr(line, "left"));
	progress_advance(p, 99);
	progress_format(&v, v.begun_ms + 1000, 80, line, sizeof(line));
	assert_non_null(strstr(line, "4 B/s"));
}

static void modes(void **state)
{
	struct progress_view v = {0};

	(void)state;
	assert_int_equal(progress_mode_choose("auto", false, false, true), PROGRESS_BAR);
	assert_int_equal(progress_mode_choose("auto", false, false, false), PROGRESS_LINES);
	assert_int_equal(progress_mode_choose("auto", false, true, true), PROGRESS_NONE);
	assert_int_equal(progress_mode_choose("json", false, true, true), PROGRESS_JSON);
	assert_int_equal(progress_mode_choose("bar", true, false, true), PROGRESS_NONE);
	assert_null(progress_view_open(&v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_made_harmless),
		cmocka_unit_test(bytes_for_people),
		cmocka_unit_test(the_line_fits),
		cmocka_unit_test(nothing_is_left_at_the_end),
		cmocka_unit_test(a_leap_at_the_start_is_no_speed),
		cmocka_unit_test(modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
