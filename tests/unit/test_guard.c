/* SPDX-License-Identifier: Apache-2.0 */
/* What who pets the watchdog does: every state, before, at and past the deadline, with the device
 * held or not, as either configuration has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "boot/guard.h"

#define DEADLINE 600000
#define UNKNOWN BOOT_STATE_COUNT /* as a row: what is known of it is nothing */

/* Columns: in time and past it where one pets on; the same where one closes: not held, held. */
static const struct {
	enum boot_state state;
	enum guard_action pet_early, pet_late, out_early, out_late, close_early, close_late;
} rows[] = {
	{BOOT_SETTLED, GUARD_PET, GUARD_PET, GUARD_STAY_OUT, GUARD_STAY_OUT, GUARD_CLOSE,
		GUARD_CLOSE},
	{BOOT_SWAPPED, GUARD_PET, GUARD_PET, GUARD_STAY_OUT, GUARD_STAY_OUT, GUARD_CLOSE,
		GUARD_CLOSE},
	{BOOT_TRIAL, GUARD_WATCH, GUARD_STARVE, GUARD_WATCH, GUARD_STARVE, GUARD_WATCH,
		GUARD_STARVE},
	{BOOT_FELL_BACK, GUARD_PET, GUARD_PET, GUARD_STAY_OUT, GUARD_STAY_OUT, GUARD_CLOSE,
		GUARD_CLOSE},
	{BOOT_LEAVING, GUARD_PET, GUARD_PET, GUARD_PET, GUARD_PET, GUARD_PET, GUARD_PET},
	{BOOT_LOST, GUARD_WATCH, GUARD_WATCH, GUARD_WATCH, GUARD_WATCH, GUARD_WATCH, GUARD_WATCH},
	{UNKNOWN, GUARD_WATCH, GUARD_WATCH, GUARD_WATCH, GUARD_WATCH, GUARD_WATCH, GUARD_WATCH},
};

static enum guard_action at(enum boot_state state, uint64_t elapsed, bool close_after, bool held)
{
	const struct guard_facts facts = {.known = state != UNKNOWN,
		.state = state,
		.held = held,
		.close_after = close_after,
		.elapsed_ms = elapsed,
		.deadline_ms = DEADLINE};

	return guard_decide(&facts);
}

static void every_state(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_LEN(rows), BOOT_STATE_COUNT + 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum boot_state s = rows[i].state;

		assert_int_equal(s, i);
		for (int held = 0; held < 2; held++) {
			assert_int_equal(at(s, 0, false, held), rows[i].pet_early);
			assert_int_equal(at(s, DEADLINE + 1, false, held), rows[i].pet_late);
		}
		assert_int_equal(at(s, 0, true, false), rows[i].out_early);
		assert_int_equal(at(s, DEADLINE + 1, true, false), rows[i].out_late);
		assert_int_equal(at(s, 0, true, true), rows[i].close_early);
		assert_int_equal(at(s, DEADLINE + 1, true, true), rows[i].close_late);
	}
}

static void the_deadline_is_its_first_moment(void **state)
{
	(void)state;
	assert_int_equal(at(BOOT_TRIAL, DEADLINE - 1, false, true), GUARD_WATCH);
	assert_int_equal(at(BOOT_TRIAL, DEADLINE, false, true), GUARD_STARVE);
	assert_int_equal(at(BOOT_TRIAL, UINT64_MAX, false, true), GUARD_STARVE);
}

/* What was known of a state counts for nothing where it is not known now. */
static void nothing_known(void **state)
{
	const struct guard_facts facts = {
		.state = BOOT_TRIAL, .held = true, .elapsed_ms = 2, .deadline_ms = 1};

	(void)state;
	assert_int_equal(guard_decide(&facts), GUARD_WATCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state),
		cmocka_unit_test(the_deadline_is_its_first_moment),
		cmocka_unit_test(nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
