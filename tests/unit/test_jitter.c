/* SPDX-License-Identifier: Apache-2.0 */
/* When a device asks. */
#include <stdbool.h>

#include "flow/jitter.h"
#include "tests/unit/unit.h"

#define HOUR_MS 3600000u

static unsigned share(const char *id, unsigned bound_ms)
{
	struct err err;
	unsigned ms;

	assert_works(jitter_share(id, bound_ms, &ms, &err));
	return ms;
}

/* `printf gateway-17 | sha256sum` begins with 533a1918: 0x533a1918 / 2^32 of an hour, 19.5 min. */
static void a_name_has_its_place(void **state)
{
	(void)state;
	assert_int_equal(share("gateway-17", HOUR_MS), 1170378);
	assert_int_equal(share("gateway-17", 720 * HOUR_MS), 842672822);
	assert_int_equal(share("gateway-17", 1), 0);
	assert_int_equal(share("gateway-17", 0), 0);
}

static void a_fleet_spreads(void **state)
{
	unsigned of_ten[10] = {0};
	char id[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "gateway-%d", i);
		of_ten[share(id, HOUR_MS) / (HOUR_MS / 10)]++;
	}
	for (int i = 0; i < 10; i++)
		assert_in_range(of_ten[i], 70, 130);
}

static void without_a_name_each_time_is_another(void **state)
{
	const unsigned first = share(NULL, HOUR_MS);
	bool differs = false;

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_true(share(NULL, HOUR_MS) < HOUR_MS);
		differs |= share(NULL, HOUR_MS) != first;
	}
	assert_true(differs);
	assert_int_equal(share(NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_its_place),
		cmocka_unit_test(a_fleet_spreads),
		cmocka_unit_test(without_a_name_each_time_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
