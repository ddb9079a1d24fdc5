/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story of a slot from written to kept, or back: bootswap, commit, rollback. Each makes one
 * change to the boot environment, in one store; notes that the change needs are written before it,
 * notes that tell of it after it. What a cut leaves undone between these, the next run settles.
 */
#ifndef OTA_FLOW_BOOT_H
#define OTA_FLOW_BOOT_H

#include "flow/checks.h"
#include "flow/device.h"
#include "flow/situation.h"
#include "io/progress.h"

struct boot_result {
	char slot;                 /* swap, rollback: the next to boot; commit: the one kept */
	char version[VERSION_LEN]; /* of it; "" where it is not known */
	bool already;              /* the result stood */
	bool trial;                /* it will boot on trial */
	bool reboot;               /* it does not run yet */
	bool notes_lost;           /* done, but it could not be noted: see why */
	struct err why;
};

/* Copies the boot files of a proved slot to its side of the boot partition, unless they are there.
 * slot 0: the one that does not run. Errors: nothing (this device has none), failed (the slot is
 * not proved), space, incompatible (a name that FAT cannot keep, a file system that cannot be
 * looked into), config (the boot partition is not mounted), corrupt, busy, io, interrupted. */
int boot_files(const struct device *d, char slot, const struct progress *progress,
	struct boot_result *result, struct err *err) MUST_USE;

/* Makes the other slot, which is proved or good, the next to boot, on trial. It is proved again
 * unless that happened since this boot, and its boot files are made where they are missing. Errors:
 * failed (not proved, on trial, given up), corrupt (it is not what was written), untrusted (its
 * epoch), busy (a run or an update lock), bootenv, config, io, space. */
int boot_swap(const struct device *d, bool force, const struct progress *progress,
	struct boot_result *result, struct err *err) MUST_USE;

/* On trial: runs the checks (NULL: none), then keeps the running slot. Errors: nothing (nothing is
 * on trial), unhealthy (still on trial; the reason is noted), busy, bootenv, config, interrupted.
 */
int boot_commit(const struct device *d, const struct checks *checks, struct boot_result *result,
	struct err *err) MUST_USE;

/* In the factory: makes a boot environment, both copies, in which this slot, which is proved, is
 * good. What a sound environment holds of others is kept; where there is none, it begins with the
 * variables of the file `defaults` (NULL: none). Errors: those of boot_swap(), busy (the other slot
 * runs). */
int boot_factory(const struct device *d, char slot, const char *defaults,
	const struct progress *progress, struct boot_result *result, struct err *err) MUST_USE;

struct rollback_options {
	const char *reason; /* in the operator's words; NULL */
	bool force;         /* whatever the update lock says */
};

/* Swapped, not rebooted: undoes the swap. On trial: gives this slot up. Settled: tries the other
 * slot, if it is good. Errors: nothing, and those of boot_swap(). */
int boot_rollback(const struct device *d, const struct rollback_options *options,
	const struct progress *progress, struct boot_result *result, struct err *err) MUST_USE;

#endif
