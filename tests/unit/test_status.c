/* SPDX-License-Identifier: Apache-2.0 */
/* What ota status tells to type next, in each state, and how its screen folds text. */
#include "tests/unit/unit.h"

#include "cmd/terminal.h"
#include "flow/advice.h"

static const struct device device = {.cmdline = "/proc/cmdline", .boot_env = "/etc/fw_env.config"};

/* Slot a runs and is good; slot b is in that state and holds 2.0. */
static struct device_status status_of(enum boot_state state, enum slot_state other)
{
	struct device_status status = {.s = {.running = 'a', .has_env = true, .state = state}};

	status.s.env.slot =
		state == BOOT_SETTLED || state == BOOT_TRIAL || state == BOOT_FELL_BACK ? 'a' : 'b';
	status.s.slots[0] =
		(struct slot_record){.state = SLOT_GOOD, .has_digest = true, .version = "1.0"};
	status.s.slots[1] =
		(struct slot_record){.state = other, .has_digest = true, .version = "2.0"};
	memset(&status.s.slots[0].content, 1, sizeof(struct digest));
	memset(&status.s.slots[1].content, 2, sizeof(struct digest));
	return status;
}

/* Fetched is the release whose content is all this byte. */
static void fetch(struct device_status *status, int byte, bool bad)
{
	status->has_fetched = true;
	status->fetched_bad = bad;
	strcpy(status->fetched_version, "2.0");
	memset(&status->fetched_content, byte, sizeof(struct digest));
}

static const char *advised(const struct device_status *status)
{
	static struct advice advice;

	advice_find(&device, status, &advice);
	/* a command says what it is for, and nothing needs no reason */
	assert_int_equal(advice.command[0] != '\0', advice.why[0] != '\0');
	return advice.command;
}

static void by_boot_state(void **state)
{
	static const char *const wanted[BOOT_STATE_COUNT] = {
		[BOOT_SETTLED] = "",
		[BOOT_SWAPPED] = "reboot",
		[BOOT_TRIAL] = "ota commit",
		[BOOT_FELL_BACK] = "",
		[BOOT_LEAVING] = "reboot",
		[BOOT_LOST] = "fw_printenv -c /etc/fw_env.config",
	};

	(void)state;
	for (int i = 0; i < BOOT_STATE_COUNT; i++) {
		struct device_status status = status_of((enum boot_state)i, SLOT_GOOD);

		assert_string_equal(advised(&status), wanted[i]);
	}
}

static void by_slot_state(void **state)
{
	static const struct {
		enum slot_state other;
		int fetched; /* the byte of its content; 0: none */
		const char *wanted;
	} cases[] = {
		{SLOT_EMPTY, 0, ""},
		{SLOT_UNKNOWN, 0, ""},
		{SLOT_BAD, 0, ""},
		{SLOT_GOOD, 0, ""},
		{SLOT_PROVED, 0, "ota bootswap"},
		{SLOT_WRITING, 0, "ota write SOURCE"},
		{SLOT_WRITING, 2, "ota write"}, /* goes on with what it was writing */
		{SLOT_WRITING, 3, "ota write"},
		{SLOT_PROVED, 2, "ota bootswap"}, /* it is what was fetched */
		{SLOT_PROVED, 3, "ota write"},    /* fetched after it */
		{SLOT_GOOD, 2, ""},
		{SLOT_EMPTY, 1, ""}, /* it runs already */
		{SLOT_GOOD, 3, "ota write"},
		{SLOT_BAD, 3, "ota write"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct device_status status = status_of(BOOT_SETTLED, cases[i].other);

		if (cases[i].fetched)
			fetch(&status, cases[i].fetched, false);
		assert_string_equal(advised(&status), cases[i].wanted);
		status.s.state = BOOT_FELL_BACK;
		assert_string_equal(advised(&status), cases[i].wanted);
	}
}

static void what_failed_is_not_advised(void **state)
{
	struct device_status status = status_of(BOOT_SETTLED, SLOT_BAD);

	(void)state;
	fetch(&status, 2, true);
	assert_string_equal(advised(&status), "");
	assert_true(advice_fetched_waits(&status));
	status = status_of(BOOT_TRIAL, SLOT_GOOD);
	strcpy(status.s.slots[0].reason, "check");
	assert_string_equal(advised(&status), "ota rollback");
}

static void what_is_not_known_comes_first(void **state)
{
	struct device_status status = status_of(BOOT_SETTLED, SLOT_PROVED);

	(void)state;
	status.s.has_env = false;
	assert_string_equal(advised(&status), "fw_printenv -c /etc/fw_env.config");
	assert_false(advice_proved_waits(&status));
	status.s.running = '\0';
	fetch(&status, 3, false);
	assert_string_equal(advised(&status), "cat /proc/cmdline");
	assert_false(advice_fetched_waits(&status));
}

static void check_permitted(const struct device_status *status)
{
	static const struct {
		const char *command;
		enum boot_event event;
	} steps[] = {
		{"ota write", BOOT_ON_WRITE},
		{"ota write SOURCE", BOOT_ON_WRITE},
		{"ota bootswap", BOOT_ON_SWAP},
		{"ota commit", BOOT_ON_COMMIT},
		{"ota rollback", BOOT_ON_ROLLBACK},
	};
	const char *command = advised(status);

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (!strcmp(steps[i].command, command))
			assert_int_equal(
				boot_rule_find(status->s.state, steps[i].event)->verdict, BOOT_DO);
}

static void no_advice_is_refused(void **state)
{
	(void)state;
	for (int boot = 0; boot < BOOT_STATE_COUNT; boot++)
		for (int other = 0; other < SLOT_STATE_COUNT; other++)
			for (int fetched = 0; fetched < 4; fetched++) {
				struct device_status status =
					status_of((enum boot_state)boot, (enum slot_state)other);

				if (fetched)
					fetch(&status, fetched, false);
				check_permitted(&status);
				strcpy(status.s.slots[0].reason, "check");
				check_permitted(&status);
			}
}

static void text_folds_at_blanks(void **state)
{
	static const struct {
		const char *text;
		size_t columns, wanted;
	} cases[] = {
		{"", 10, 0}, {"ten letter", 10, 10}, {"ten letters", 10, 3},
		{"exactly on it", 7, 7}, {"one\ntwo", 10, 3}, {"0123456789abcdef", 10, 10},
		{" 123456789abcdef", 4, 4},
		{"\xc3\xa9\xc3\xa9\xc3\xa9", 2, 4},             /* two letters of two bytes */
		{"\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 5, 6}, /* each may be two columns wide */
		{"\xe6\xbc\xa2", 1, 3},                         /* never nothing */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(terminal_fold(cases[i].text, cases[i].columns), cases[i].wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_boot_state),
		cmocka_unit_test(by_slot_state),
		cmocka_unit_test(what_failed_is_not_advised),
		cmocka_unit_test(what_is_not_known_comes_first),
		cmocka_unit_test(no_advice_is_refused),
		cmocka_unit_test(text_folds_at_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
