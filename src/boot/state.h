/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot state machine, pure: a table over (state, event), tested by tests/vectors/boot.tsv,
 * which the bootloader's side is tested with too. The order of calls: boot_load(),
 * boot_classify(), boot_permit() with the event (0: go on), boot_apply(), boot_store(). A flow
 * that changes anything applies BOOT_ON_SETTLE first. No I/O, no memory.
 */
#ifndef OTA_BOOT_STATE_H
#define OTA_BOOT_STATE_H

#include "boot/env.h"

/* What the environment means, seen from the slot that runs. */
enum boot_state {
	BOOT_SETTLED,   /* it names the running slot; no trial */
	BOOT_SWAPPED,   /* it names the other slot, on trial; not rebooted yet */
	BOOT_TRIAL,     /* it names the running slot, on trial */
	BOOT_FELL_BACK, /* it names the running slot; the other was given up, not settled yet */
	BOOT_LEAVING,   /* it names the other slot, no trial: a rollback waits for its reboot */
	BOOT_LOST,      /* it names the other slot, which was tried: it does not tell what boots */
	BOOT_STATE_COUNT
};

enum boot_event {
	BOOT_ON_WRITE, /* may the other slot be overwritten? */
	BOOT_ON_SWAP,
	BOOT_ON_COMMIT,
	BOOT_ON_ROLLBACK,
	BOOT_ON_SETTLE,
	BOOT_ON_BOOT,       /* the bootloader starts; there are attempts left */
	BOOT_ON_BOOT_SPENT, /* the same; the count would pass the limit */
	BOOT_EVENT_COUNT
};

enum boot_verdict {
	BOOT_DO,
	BOOT_ALREADY, /* its result stands: nothing to change, status 0 */
	BOOT_NOTHING, /* nothing to do: status 3 */
	BOOT_REFUSE
};

struct boot_params {
	unsigned attempts; /* for swap and rollback: starts of a trial; 0 counts as 1 */
	uint64_t epoch;    /* for commit: the running release's */
	const char *mark; /* for swap and rollback: of what the other slot holds; NULL: not known */
};

struct boot_rule {
	enum boot_verdict verdict;
	/* after boot events seen from the slot that boots; LOST: after a lost swap */
	enum boot_state next;
	void (*change)(struct boot_env *env, const struct boot_params *params);
	enum ota_code code; /* what follows is for NOTHING and REFUSE */
	const char *why;
	const char *hint;
};

/* The state. running: 'a' or 'b'. rebooted_since: a boot id was noted at the swap or rollback and
 * differs from today's. */
enum boot_state boot_classify(const struct boot_env *env, char running, bool rebooted_since);

/* The table's cell; never NULL. */
const struct boot_rule *boot_rule_find(enum boot_state state, enum boot_event event);

/* 0 for DO and ALREADY. Errors: nothing, failed (refused, with the reason), bootenv (LOST). */
int boot_permit(enum boot_state state, enum boot_event event, struct err *err) MUST_USE;

/* The environment after the event; unchanged unless the verdict is DO. What the machine has been
 * through since (rebooted_since) is for boot_permit() to judge, before. */
struct boot_env boot_apply(const struct boot_env *env, char running, enum boot_event event,
	const struct boot_params *params);

/* How many times the slot on trial may still start; UINT_MAX where a trial has no limit. Without
 * a trial: how many the next would have, by the limit last stored. */
unsigned boot_attempts_left(const struct boot_env *env);

#endif
