/* SPDX-License-Identifier: Apache-2.0 */
/* When what failed is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/retry.h"

static int after(struct retry *r, bool fruitful, int64_t asked_s, enum ota_code code)
{
	struct err err = {.code = code};
	int rc = retry_wait(r, fruitful, asked_s, &err);

	assert_int_equal(err.code, code);
	return rc;
}

static void pauses_double_up_to_a_minute(void **state)
{
	static const unsigned expected[] = {1000, 1000, 2000, 4000, 8000, 16000, 32000, 60000};

	(void)state;
	for (unsigned n = 0; n < 8; n++)
		assert_int_equal(retry_pause_ms(&(struct retry){.first_ms = 1000, .fruitless = n}),
			expected[n]);
	assert_int_equal(
		retry_pause_ms(&(struct retry){.first_ms = UINT32_MAX, .fruitless = 1000}), 60000);
}

static void what_brings_nothing_ends(void **state)
{
	struct retry r = {.first_ms = 1};

	(void)state;
	for (unsigned n = 1; n < RETRY_MAX_FRUITLESS; n++)
		assert_int_equal(after(&r, false, 0, OTA_RETRY), 0);
	assert_int_equal(after(&r, false, 0, OTA_RETRY), -1);
}

static void what_brings_something_does_not(void **state)
{
	struct retry r = {.first_ms = 1};

	(void)state;
	for (unsigned n = 0; n < 3 * RETRY_MAX_FRUITLESS; n++)
		assert_int_equal(after(&r, true, 0, OTA_RETRY), 0);
}

static void only_what_may_pass_is_tried_again(void **state)
{
	struct retry r = {.first_ms = 1};

	(void)state;
	assert_int_equal(after(&r, true, 0, OTA_REFUSED), -1);
	assert_int_equal(after(&r, true, 0, OTA_CORRUPT), -1);
	assert_int_equal(after(&r, true, 0, OTA_INTERRUPTED), -1);
	assert_int_equal(after(&r, true, RETRY_LONGEST_ASKED_S + 1, OTA_RETRY), -1);
	assert_int_equal(after(&r, true, INT64_MAX, OTA_RETRY), -1);
	assert_int_equal(after(&r, true, -1, OTA_RETRY), 0);
}

static void a_pause_past_the_end_is_not_begun(void **state)
{
	struct retry r = {.first_ms = 60000, .until_ms = clock_mono_ms() + 1000};

	(void)state;
	assert_false(retry_is_over(&r));
	assert_int_equal(after(&r, true, 0, OTA_RETRY), -1);
	r.until_ms = 1;
	assert_true(retry_is_over(&r));
	r.until_ms = 0;
	assert_false(retry_is_over(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_double_up_to_a_minute),
		cmocka_unit_test(what_brings_nothing_ends),
		cmocka_unit_test(what_brings_something_does_not),
		cmocka_unit_test(only_what_may_pass_is_tried_again),
		cmocka_unit_test(a_pause_past_the_end_is_not_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
