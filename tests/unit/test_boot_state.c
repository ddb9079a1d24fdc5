/* SPDX-License-Identifier: Apache-2.0 */
/* The boot state machine against tests/vectors/boot.tsv, all pairs of state and event. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "boot/state.h"

#define VECTORS "tests/vectors/boot.tsv"
#define COLUMNS 9
#define NAMELESS "NAMELESS\t"

enum column { STATE, EVENT, RUNNING, REBOOTED, BEFORE, VERDICT, AFTER, BOOTED, NEXT };

static const char *const states[] = {
	"SETTLED", "SWAPPED", "TRIAL", "FELL_BACK", "LEAVING", "LOST", NULL};
static const char *const events[] = {
	"WRITE", "SWAP", "COMMIT", "ROLLBACK", "SETTLE", "BOOT", "BOOT_SPENT", NULL};
static const char *const verdicts[] = {"DO", "ALREADY", "NOTHING", "REFUSE", NULL};
static const char *const yes_no[] = {"no", "yes", NULL};

static const struct boot_params params = {.attempts = 3, .epoch = 9};

static unsigned word_index(const char *const *words, const char *word)
{
	for (unsigned i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	fail_msg("%s: unknown word %s", VECTORS, word);
	return 0;
}

static void set_variable(struct boot_env *env, char *assignment)
{
	char *value = strchr(assignment, '=');

	assert_non_null(value);
	*value++ = '\0';
	unsigned number = (unsigned)strtoul(value, NULL, 10);
	if (!strcmp(assignment, "ota_slot"))
		env->slot = value[0];
	else if (!strcmp(assignment, "upgrade_available"))
		env->upgrade_available = number;
	else if (!strcmp(assignment, "bootcount"))
		env->bootcount = number;
	else if (!strcmp(assignment, "bootlimit"))
		env->bootlimit = number;
	else if (!strcmp(assignment, "ota_epoch"))
		env->epoch = number;
	else if (!strcmp(assignment, "ota_rolled_back"))
		env->rolled_back = number;
	else
		fail_msg("%s: unknown variable %s", VECTORS, assignment);
}

static struct boot_env parse_env(char *text)
{
	struct boot_env env = {0};
	char *rest;

	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		set_variable(&env, word);
	assert_true(env.slot == 'a' || env.slot == 'b');
	return env;
}

static void assert_env_equal(const struct boot_env *x, const struct boot_env *y)
{
	assert_int_equal(x->slot, y->slot);
	assert_int_equal(x->upgrade_available, y->upgrade_available);
	assert_int_equal(x->bootcount, y->bootcount);
	assert_int_equal(x->bootlimit, y->bootlimit);
	assert_int_equal(x->epoch, y->epoch);
	assert_int_equal(x->rolled_back, y->rolled_back);
	assert_string_equal(x->trial, y->trial);
	for (size_t i = 0; i < BOOT_BAD_MAX; i++)
		assert_string_equal(x->bad[i], y->bad[i]);
}

static bool is_boot(enum boot_event event)
{
	return event == BOOT_ON_BOOT || event == BOOT_ON_BOOT_SPENT;
}

static void check_error(enum boot_state state, enum boot_event event, enum boot_verdict verdict)
{
	struct err err = {.code = OTA_OK};
	int ret = boot_permit(state, event, &err);

	if (verdict == BOOT_DO || verdict == BOOT_ALREADY) {
		assert_int_equal(ret, 0);
		return;
	}
	assert_int_equal(ret, -1);
	assert_true(strlen(err.msg) > 0);
	if (verdict == BOOT_NOTHING)
		assert_int_equal(err.code, OTA_NOTHING);
	else
		assert_int_equal(err.code, state == BOOT_LOST ? OTA_BOOTENV : OTA_FAILED);
}

/* A step that is done leads to the state of its column, seen from the slot that then runs. */
static void check_next(char *column[COLUMNS], const struct boot_env *after, enum boot_event event)
{
	char seen_from =
		is_boot(event) && column[BOOTED][0] != '-' ? after->slot : column[RUNNING][0];
	bool rebooted = !is_boot(event) && !strcmp(column[REBOOTED], "yes") &&
			strcmp(column[VERDICT], "DO");

	assert_int_equal(
		boot_classify(after, seen_from, rebooted), word_index(states, column[NEXT]));
	if (column[BOOTED][0] != '-')
		assert_int_equal(column[BOOTED][0], after->slot);
}

static void check_row(char *column[COLUMNS], bool seen[BOOT_STATE_COUNT][BOOT_EVENT_COUNT])
{
	enum boot_state state = word_index(states, column[STATE]);
	enum boot_event event = word_index(events, column[EVENT]);
	enum boot_verdict verdict = word_index(verdicts, column[VERDICT]);
	bool rebooted = word_index(yes_no, column[REBOOTED]);
	struct boot_env before = parse_env(column[BEFORE]);
	struct boot_env after = strcmp(column[AFTER], "=") ? parse_env(column[AFTER]) : before;
	const struct boot_rule *rule = boot_rule_find(state, event);

	assert_int_equal(boot_classify(&before, column[RUNNING][0], rebooted), state);
	assert_int_equal(rule->verdict, verdict);
	assert_int_equal(rule->next, word_index(states, column[NEXT]));
	check_error(state, event, verdict);
	if (verdict == BOOT_DO || !rebooted) {
		struct boot_env got = boot_apply(&before, column[RUNNING][0], event, &params);
		assert_env_equal(&got, &after);
	}
	if (verdict != BOOT_DO)
		assert_env_equal(&before, &after);
	check_next(column, &after, event);
	seen[state][event] = true;
}

static void split_row(char *line, char *column[COLUMNS])
{
	int count = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *cell; (cell = strsep(&line, "\t"));) {
		assert_true(count < COLUMNS);
		column[count++] = cell;
	}
	assert_int_equal(count, COLUMNS);
}

static void test_all_pairs(void **state)
{
	bool seen[BOOT_STATE_COUNT][BOOT_EVENT_COUNT] = {0};
	char line[1024], *column[COLUMNS];
	FILE *f = fopen(VECTORS, "r");

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		/* an environment that names no slot is refused before there is a state */
		if (line[0] == '#' || !strncmp(line, NAMELESS, strlen(NAMELESS)))
			continue;
		print_message("%s", line);
		split_row(line, column);
		check_row(column, seen);
	}
	fclose(f);
	for (int s = 0; s < BOOT_STATE_COUNT; s++)
		for (int e = 0; e < BOOT_EVENT_COUNT; e++)
			if (!seen[s][e])
				fail_msg("%s: no row for %s, %s", VECTORS, states[s], events[e]);
}

/* U-Boot counts first and compares then: a limit of 3 is three starts, the fourth falls back. */
static void test_limit_is_number_of_starts(void **state)
{
	struct boot_env env = {.slot = 'a'};
	unsigned starts = 0;

	(void)state;
	env = boot_apply(&env, 'a', BOOT_ON_SWAP, &params);
	assert_int_equal(boot_attempts_left(&env), 3);
	while (boot_attempts_left(&env)) {
		env = boot_apply(&env, starts ? 'b' : 'a', BOOT_ON_BOOT, &params);
		assert_int_equal(boot_classify(&env, 'b', true), BOOT_TRIAL);
		starts++;
	}
	assert_int_equal(starts, 3);
	env = boot_apply(&env, 'b', BOOT_ON_BOOT_SPENT, &params);
	assert_int_equal(boot_classify(&env, 'a', true), BOOT_FELL_BACK);
	env = boot_apply(&env, 'a', BOOT_ON_SETTLE, &params);
	assert_int_equal(boot_classify(&env, 'a', true), BOOT_SETTLED);
}

static void test_attempts_left_at_the_edges(void **state)
{
	struct boot_env endless = {.slot = 'b', .upgrade_available = true, .bootcount = 7};
	struct boot_env over = {
		.slot = 'b', .upgrade_available = true, .bootcount = 4, .bootlimit = 3};
	struct boot_env never_swapped = {.slot = 'a'};

	(void)state;
	assert_int_equal(boot_attempts_left(&endless), UINT_MAX);
	assert_int_equal(boot_attempts_left(&over), 0);
	assert_int_equal(boot_attempts_left(&never_swapped), 0);
}

static void test_no_trial_without_limit(void **state)
{
	struct boot_env env = {.slot = 'a'};
	struct boot_params none = {0};

	(void)state;
	env = boot_apply(&env, 'a', BOOT_ON_SWAP, &none);
	assert_int_equal(env.bootlimit, 1);
}

/* A rollback whose reboot came, while the given-up slot runs again, is no rollback that waits. */
static void test_lost_after_reboot(void **state)
{
	struct boot_env swapped = {.slot = 'b', .upgrade_available = true, .bootlimit = 3};
	struct boot_env leaving = {.slot = 'a', .rolled_back = true};

	(void)state;
	assert_int_equal(boot_classify(&swapped, 'a', false), BOOT_SWAPPED);
	assert_int_equal(boot_classify(&swapped, 'a', true), BOOT_LOST);
	assert_int_equal(boot_classify(&leaving, 'b', false), BOOT_LEAVING);
	assert_int_equal(boot_classify(&leaving, 'b', true), BOOT_LOST);
}

static struct boot_env give_up_one(struct boot_env env, const char *mark)
{
	const struct boot_params with_mark = {.attempts = 1, .mark = mark};

	env = boot_apply(&env, 'a', BOOT_ON_SWAP, &with_mark);
	assert_string_equal(env.trial, mark);
	env = boot_apply(&env, 'b', BOOT_ON_BOOT, &params);
	env = boot_apply(&env, 'b', BOOT_ON_ROLLBACK, &params);
	assert_int_equal(env.trial[0], 0);
	return env;
}

/* The environment remembers what was given up, also where the store does not. */
static void test_what_was_given_up_is_remembered(void **state)
{
	static const char *const marks[] = {"0000000000000001", "0000000000000002",
		"0000000000000003", "0000000000000004", "0000000000000005"};
	const struct boot_params second = {.attempts = 1, .mark = marks[1]};
	struct boot_env env = {.slot = 'a'};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		env = give_up_one(env, marks[i]);
	for (size_t i = 0; i < BOOT_BAD_MAX; i++)
		assert_string_equal(env.bad[i], marks[4 - i]);
	env = give_up_one(env, marks[2]);
	assert_string_equal(env.bad[0], marks[2]);
	assert_string_equal(env.bad[1], marks[4]);
	assert_string_equal(env.bad[3], marks[1]);
	env = boot_apply(&env, 'a', BOOT_ON_SWAP, &second);
	env = boot_apply(&env, 'a', BOOT_ON_BOOT, &params);
	env = boot_apply(&env, 'b', BOOT_ON_COMMIT, &params);
	assert_string_equal(env.bad[2], marks[3]);
	assert_int_equal(env.bad[3][0], 0);
	assert_int_equal(env.trial[0], 0);
}

static void test_the_bootloader_s_own_way_back_is_remembered(void **state)
{
	const struct boot_params with_mark = {.attempts = 1, .mark = "0123456789abcdef"};
	struct digest content = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 9}};
	struct boot_env env = {.slot = 'a'};

	(void)state;
	env = boot_apply(&env, 'a', BOOT_ON_SWAP, &with_mark);
	env = boot_apply(&env, 'a', BOOT_ON_BOOT, &params);
	assert_false(boot_is_bad(&env, &content));
	env = boot_apply(&env, 'b', BOOT_ON_BOOT_SPENT, &params);
	assert_true(boot_is_bad(&env, &content));
	env = boot_apply(&env, 'a', BOOT_ON_SETTLE, &params);
	assert_string_equal(env.bad[0], "0123456789abcdef");
	assert_true(boot_is_bad(&env, &content));
	content.bytes[7] = 0;
	assert_false(boot_is_bad(&env, &content));
}

static void test_a_swap_taken_back_is_no_failure(void **state)
{
	const struct boot_params with_mark = {.attempts = 1, .mark = "0123456789abcdef"};
	struct boot_env env = {.slot = 'a'};

	(void)state;
	env = boot_apply(&env, 'a', BOOT_ON_SWAP, &with_mark);
	env = boot_apply(&env, 'a', BOOT_ON_ROLLBACK, &params);
	assert_int_equal(env.trial[0], 0);
	assert_int_equal(env.bad[0][0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_limit_is_number_of_starts),
		cmocka_unit_test(test_attempts_left_at_the_edges),
		cmocka_unit_test(test_no_trial_without_limit),
		cmocka_unit_test(test_lost_after_reboot),
		cmocka_unit_test(test_what_was_given_up_is_remembered),
		cmocka_unit_test(test_the_bootloader_s_own_way_back_is_remembered),
		cmocka_unit_test(test_a_swap_taken_back_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
