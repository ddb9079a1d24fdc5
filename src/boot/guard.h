/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What who pets the hardware watchdog does next, decided from what is known: pure, and without a
 * memory, so that a commit which comes late, yet before the reset, still counts.
 */
#ifndef OTA_BOOT_GUARD_H
#define OTA_BOOT_GUARD_H

#include "boot/state.h"

struct guard_facts {
	bool known;            /* state is what the boot environment said when it was last read */
	enum boot_state state; /* where known */
	bool held;             /* the device is open, and counts */
	bool close_after;      /* nothing on trial: leave the watchdog to others; else pet on */
	uint64_t elapsed_ms, deadline_ms;
};

enum guard_action {
	GUARD_WATCH,    /* pet, and look again */
	GUARD_STARVE,   /* do not pet, and look again */
	GUARD_PET,      /* pet; no look can change that before the reboot */
	GUARD_CLOSE,    /* stop the hardware, and end */
	GUARD_STAY_OUT, /* end without having opened the device */
};

/* Past the deadline only a slot that is known to be on trial is starved: a reset helps where the
 * bootloader has somewhere to go back to. A device whose environment tells nothing would be reset
 * again and again, and nobody could mend it. */
enum guard_action guard_decide(const struct guard_facts *facts);

#endif
