/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/state.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void keep(struct boot_env *env, const struct boot_params *params)
{
	(void)env;
	(void)params;
}

static void name_other(struct boot_env *env)
{
	env->slot = env->slot == 'a' ? 'b' : 'a';
	env->upgrade_available = false;
	env->bootcount = 0;
}

static void forget_mark(struct boot_env *env, const char *mark)
{
	size_t kept = 0;

	for (size_t i = 0; i < BOOT_BAD_MAX; i++)
		if (strcmp(env->bad[i], mark))
			memmove(env->bad[kept++], env->bad[i], BOOT_MARK_LEN);
	while (kept < BOOT_BAD_MAX)
		memset(env->bad[kept++], 0, BOOT_MARK_LEN);
}

/* What was on trial is bad from now on. */
static void note_bad(struct boot_env *env)
{
	char mark[BOOT_MARK_LEN];

	memcpy(mark, env->trial, sizeof(mark));
	memset(env->trial, 0, sizeof(env->trial));
	if (!mark[0])
		return;
	forget_mark(env, mark);
	memmove(env->bad[1], env->bad[0], (BOOT_BAD_MAX - 1) * BOOT_MARK_LEN);
	memcpy(env->bad[0], mark, sizeof(mark));
}

static void try_other(struct boot_env *env, const struct boot_params *params)
{
	name_other(env);
	env->upgrade_available = true;
	/* to U-Boot a limit of 0 is none: such a trial would never fall back */
	env->bootlimit = params->attempts ? params->attempts : 1;
	env->rolled_back = false;
	memset(env->trial, 0, sizeof(env->trial));
	if (params->mark)
		snprintf(env->trial, sizeof(env->trial), "%s", params->mark);
}

static void undo_swap(struct boot_env *env, const struct boot_params *params)
{
	(void)params;
	name_other(env);
	env->rolled_back = false;
	memset(env->trial, 0, sizeof(env->trial));
}

static void give_up(struct boot_env *env, const struct boot_params *params)
{
	(void)params;
	name_other(env);
	env->rolled_back = true;
	note_bad(env);
}

static void make_good(struct boot_env *env, const struct boot_params *params)
{
	env->upgrade_available = false;
	env->bootcount = 0;
	env->rolled_back = false;
	if (env->trial[0])
		forget_mark(env, env->trial);
	memset(env->trial, 0, sizeof(env->trial));
	if (params->epoch > env->epoch)
		env->epoch = params->epoch;
}

static void settle(struct boot_env *env, const struct boot_params *params)
{
	(void)params;
	env->rolled_back = false;
	note_bad(env);
}

/* The bootloader's side. It sees the environment alone, so a lost state is no state to it. */
static void count_start(struct boot_env *env, const struct boot_params *params)
{
	(void)params;
	if (env->upgrade_available && env->bootcount < UINT_MAX)
		env->bootcount++;
}

static void fall_back(struct boot_env *env, const struct boot_params *params)
{
	(void)params;
	if (!env->upgrade_available)
		return;
	name_other(env);
	env->rolled_back = true;
}

#define WHY_NEXT "the other slot is the next to boot"
#define WHY_LEAVING "this slot was given up: its rollback waits for the reboot"
#define WHY_ONLY_GOOD "this slot is on trial, and the other is the only good one"
#define WHY_NEVER "no attempt was made yet, so none can be used up"
#define WHY_LOST                                                                                   \
	"the boot environment names the other slot and the machine has been started since, yet "   \
	"this slot runs: the bootloader does not follow this environment"
#define HINT_LOST                                                                                  \
	"compare what the bootloader prints with fw_printenv; to stay on this slot, set ota_slot " \
	"to it and upgrade_available to 0 with fw_setenv"
#define HINT_REBOOT "reboot first"
#define HINT_UNDO "reboot into it, or take the swap back with: ota rollback"
#define HINT_DECIDE "ota commit keeps this slot, ota rollback goes back to the other"

/* clang-format off */
#define DO(next, change) {BOOT_DO, BOOT_##next, change, OTA_OK, "", ""}
#define ALREADY(state) {BOOT_ALREADY, BOOT_##state, keep, OTA_OK, "", ""}
#define NOTHING(state, why, hint) {BOOT_NOTHING, BOOT_##state, keep, OTA_NOTHING, why, hint}
#define REFUSE(state, why, hint) {BOOT_REFUSE, BOOT_##state, keep, OTA_FAILED, why, hint}
#define LOST {BOOT_REFUSE, BOOT_LOST, keep, OTA_BOOTENV, WHY_LOST, HINT_LOST}

static const struct boot_rule rules[BOOT_STATE_COUNT][BOOT_EVENT_COUNT] = {
	[BOOT_SETTLED] = {
		[BOOT_ON_WRITE] = DO(SETTLED, keep),
		[BOOT_ON_SWAP] = DO(SWAPPED, try_other),
		[BOOT_ON_COMMIT] = NOTHING(SETTLED, "nothing is on trial", ""),
		[BOOT_ON_ROLLBACK] = DO(SWAPPED, try_other),
		[BOOT_ON_SETTLE] = ALREADY(SETTLED),
		[BOOT_ON_BOOT] = ALREADY(SETTLED),
		[BOOT_ON_BOOT_SPENT] = ALREADY(SETTLED),
	},
	[BOOT_SWAPPED] = {
		[BOOT_ON_WRITE] = REFUSE(SWAPPED, WHY_NEXT, HINT_UNDO),
		[BOOT_ON_SWAP] = ALREADY(SWAPPED),
		[BOOT_ON_COMMIT] = NOTHING(SWAPPED, "nothing is on trial before the reboot", HINT_REBOOT),
		[BOOT_ON_ROLLBACK] = DO(SETTLED, undo_swap),
		[BOOT_ON_SETTLE] = ALREADY(SWAPPED),
		[BOOT_ON_BOOT] = DO(TRIAL, count_start),
		[BOOT_ON_BOOT_SPENT] = REFUSE(SWAPPED, WHY_NEVER, ""),
	},
	[BOOT_TRIAL] = {
		[BOOT_ON_WRITE] = REFUSE(TRIAL, WHY_ONLY_GOOD, HINT_DECIDE),
		[BOOT_ON_SWAP] = REFUSE(TRIAL, "this slot is on trial", HINT_DECIDE),
		[BOOT_ON_COMMIT] = DO(SETTLED, make_good),
		[BOOT_ON_ROLLBACK] = DO(LEAVING, give_up),
		[BOOT_ON_SETTLE] = ALREADY(TRIAL),
		[BOOT_ON_BOOT] = DO(TRIAL, count_start),
		[BOOT_ON_BOOT_SPENT] = DO(FELL_BACK, fall_back),
	},
	[BOOT_FELL_BACK] = {
		[BOOT_ON_WRITE] = DO(FELL_BACK, keep),
		[BOOT_ON_SWAP] = DO(SWAPPED, try_other),
		[BOOT_ON_COMMIT] = NOTHING(FELL_BACK, "nothing is on trial: the last one was given up",
			"ota status tells why"),
		[BOOT_ON_ROLLBACK] = DO(SWAPPED, try_other),
		[BOOT_ON_SETTLE] = DO(SETTLED, settle),
		[BOOT_ON_BOOT] = ALREADY(FELL_BACK),
		[BOOT_ON_BOOT_SPENT] = ALREADY(FELL_BACK),
	},
	[BOOT_LEAVING] = {
		[BOOT_ON_WRITE] = REFUSE(LEAVING, WHY_NEXT ", by a rollback", HINT_REBOOT),
		[BOOT_ON_SWAP] = REFUSE(LEAVING, WHY_LEAVING, HINT_REBOOT),
		[BOOT_ON_COMMIT] = NOTHING(LEAVING, WHY_LEAVING, HINT_REBOOT),
		[BOOT_ON_ROLLBACK] = ALREADY(LEAVING),
		[BOOT_ON_SETTLE] = ALREADY(LEAVING),
		[BOOT_ON_BOOT] = DO(FELL_BACK, keep),
		[BOOT_ON_BOOT_SPENT] = DO(FELL_BACK, keep),
	},
	[BOOT_LOST] = {
		[BOOT_ON_WRITE] = LOST,
		[BOOT_ON_SWAP] = LOST,
		[BOOT_ON_COMMIT] = LOST,
		[BOOT_ON_ROLLBACK] = LOST,
		[BOOT_ON_SETTLE] = LOST,
		[BOOT_ON_BOOT] = DO(TRIAL, count_start),
		[BOOT_ON_BOOT_SPENT] = DO(FELL_BACK, fall_back),
	},
};
/* clang-format on */

enum boot_state boot_classify(const struct boot_env *env, char running, bool rebooted_since)
{
	if (env->slot == running) {
		if (env->upgrade_available)
			return BOOT_TRIAL;
		return env->rolled_back ? BOOT_FELL_BACK : BOOT_SETTLED;
	}
	if (rebooted_since)
		return BOOT_LOST;
	if (!env->upgrade_available)
		return BOOT_LEAVING;
	return env->bootcount ? BOOT_LOST : BOOT_SWAPPED;
}

const struct boot_rule *boot_rule_find(enum boot_state state, enum boot_event event)
{
	return &rules[state][event];
}

int boot_permit(enum boot_state state, enum boot_event event, struct err *err)
{
	const struct boot_rule *rule = boot_rule_find(state, event);

	if (rule->verdict == BOOT_DO || rule->verdict == BOOT_ALREADY)
		return 0;
	err_set(err, rule->code, "%s", rule->why);
	return err_hint(err, "%s", rule->hint);
}

struct boot_env boot_apply(const struct boot_env *env, char running, enum boot_event event,
	const struct boot_params *params)
{
	struct boot_env next = *env;

	boot_rule_find(boot_classify(env, running, false), event)->change(&next, params);
	return next;
}

unsigned boot_attempts_left(const struct boot_env *env)
{
	if (env->upgrade_available && !env->bootlimit)
		return UINT_MAX;
	return env->bootcount < env->bootlimit ? env->bootlimit - env->bootcount : 0;
}
