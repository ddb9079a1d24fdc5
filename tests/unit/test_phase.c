/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's table, all pairs of phase and event: what must hold whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "service/phase.h"

static bool has(struct move m, unsigned action)
{
	return (m.actions & action) != 0;
}

static bool is_committed(enum phase p)
{
	return p == PHASE_DRAIN || p == PHASE_DOOM || p == PHASE_WATCH;
}

static bool is_trying(enum phase p)
{
	return p == PHASE_TRY || p == PHASE_TRY_BOTH;
}

typedef void check_move(enum phase before, enum event event, struct move m);

static void each(check_move *check)
{
	for (int p = 0; p < PHASE_COUNT; p++)
		for (int e = 0; e < EVENT_COUNT; e++)
			check((enum phase)p, (enum event)e,
				phase_next((enum phase)p, (enum event)e));
}

static void check_commit(enum phase before, enum event event, struct move m)
{
	assert_int_equal(has(m, ACTION_COMMIT), is_trying(before) && event == EVENT_NEW_READY);
	if (is_committed(m.next) && !is_committed(before))
		assert_true(has(m, ACTION_COMMIT));
}

static void only_what_is_ready_is_committed(void **state)
{
	(void)state;
	each(check_commit);
}

static void check_undo(enum phase before, enum event event, struct move m)
{
	(void)event;
	/* a candidate that is dropped is noted as such, and stopped; one exception: all ends */
	if (is_trying(before) && !is_trying(m.next) && m.next != PHASE_END)
		assert_true(has(m, ACTION_COMMIT) ||
			    (has(m, ACTION_GIVE_UP) && has(m, ACTION_STOP_NEW)));
	if (before == PHASE_UNDO && m.next == PHASE_RUN)
		assert_true(has(m, ACTION_RUN_OLD) && has(m, ACTION_TELL_BAD));
}

static void what_fails_is_undone(void **state)
{
	(void)state;
	each(check_undo);
}

static void check_prepare(enum phase before, enum event event, struct move m)
{
	/* the record comes before the container, and neither while another is tried */
	if (has(m, ACTION_START_NEW))
		assert_true(has(m, ACTION_PREPARE) || before == PHASE_CLEAR);
	if (has(m, ACTION_PREPARE)) {
		assert_true(event == EVENT_HAND_OVER || event == EVENT_REPLACE);
		assert_false(is_trying(before) || before == PHASE_UNDO || before == PHASE_DRAIN ||
			     before == PHASE_DOOM || before == PHASE_END);
	}
	/* beside the old one only where it is asked for */
	if (m.next == PHASE_TRY_BOTH && before != PHASE_TRY_BOTH)
		assert_int_equal(event, EVENT_HAND_OVER);
}

static void nothing_starts_without_a_record(void **state)
{
	(void)state;
	each(check_prepare);
}

static void check_never_none(enum phase before, enum event event, struct move m)
{
	if (event != EVENT_OLD_GONE || before == PHASE_END)
		return;
	/* something follows: a start, now or by policy, or the one that leaves is waited for */
	assert_true(has(m, ACTION_RESTART | ACTION_RUN_OLD | ACTION_START_NEW | ACTION_TELL_HELD) ||
		    m.next == PHASE_DOOM || before == PHASE_TRY);
}

static void an_end_is_followed_by_a_start(void **state)
{
	(void)state;
	each(check_never_none);
}

static void check_roll_back(enum phase before, enum event event, struct move m)
{
	(void)event;
	if (has(m, ACTION_ROLL_BACK))
		assert_true(before == PHASE_WATCH || before == PHASE_DOOM);
	/* settled is what came through the watch, or never began */
	if (has(m, ACTION_SETTLE))
		assert_true(before == PHASE_WATCH || before == PHASE_CLEAR);
}

static void only_a_watched_version_is_rolled_back(void **state)
{
	(void)state;
	each(check_roll_back);
}

static void check_end(enum phase before, enum event event, struct move m)
{
	if (before == PHASE_END) {
		assert_int_equal(m.next, PHASE_END);
		assert_false(has(m, ACTION_START_NEW | ACTION_RUN_OLD | ACTION_RESTART));
	} else if (event == EVENT_END) {
		assert_int_equal(m.next, PHASE_END);
		assert_int_equal(m.actions, ACTION_STOP_ALL);
	}
}

static void an_end_is_an_end(void **state)
{
	(void)state;
	each(check_end);
}

static void check_asked(enum phase before, enum event event, struct move m)
{
	if (event != EVENT_HAND_OVER && event != EVENT_REPLACE && event != EVENT_HOLD)
		return;
	/* heard or refused, never passed over */
	assert_true(m.actions != 0);
	if (has(m, ACTION_REFUSE))
		assert_int_equal(m.next, before);
}

static void who_asks_gets_an_answer(void **state)
{
	(void)state;
	each(check_asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_ready_is_committed),
		cmocka_unit_test(what_fails_is_undone),
		cmocka_unit_test(nothing_starts_without_a_record),
		cmocka_unit_test(an_end_is_followed_by_a_start),
		cmocka_unit_test(only_a_watched_version_is_rolled_back),
		cmocka_unit_test(an_end_is_an_end),
		cmocka_unit_test(who_asks_gets_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
