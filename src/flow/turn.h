/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bootswap, commit and rollback share: the store held, the device's situation read and
 * settled, and the one store of the environment.
 */
#ifndef OTA_FLOW_TURN_H
#define OTA_FLOW_TURN_H

#include "flow/boot.h"
#include "flow/store.h"

struct turn {
	const struct device *d;
	struct store store;
	struct situation s;
};

#define TURN(device)                                                                               \
	{                                                                                          \
		.d = (device), .store = STORE                                                      \
	}

/* Takes the run lock and settles. Without a store, or one that is full, it goes on. Errors: busy,
 * bootenv, config, io. */
int turn_begin(struct turn *t, const char *who, struct err *err) MUST_USE;

/* The same where the running slot and the environment need not be known, but a store must be:
 * nothing is settled unless both are. Errors: busy, io, space, bootenv. */
int turn_begin_factory(struct turn *t, const char *who, struct err *err) MUST_USE;

/* From here on the store is one that cannot be written, and notes are not kept. */
void turn_lose_store(struct turn *t, const struct err *why);

/* For a step that needs its notes. Errors: why the store was lost. */
int turn_check_store(const struct turn *t, struct err *err) MUST_USE;

/* What hooks and checks are told of a step about this slot; borrows from t. */
struct step turn_step(struct turn *t, const char *command, char slot);

/* Fails while somebody holds updates back by `ota lock`. Errors: busy. */
int turn_check_undisturbed(const struct turn *t, bool force, struct err *err) MUST_USE;

/* Does the slot hold a release that was read back? Errors: failed. */
int turn_check_proved(const struct turn *t, char slot, struct err *err) MUST_USE;

/* Proves a slot again unless that happened since this boot; a slot that fails is noted as unknown.
 * A slot without an index, which ota never wrote, has nothing to be held against. Errors: corrupt,
 * io, interrupted. */
int turn_prove(
	struct turn *t, char slot, const struct progress *progress, struct err *err) MUST_USE;

/* Writes a slot's note; without a store nothing. */
int turn_note(struct turn *t, char slot, struct err *err) MUST_USE;

/* Notes a slot as good, what it holds as committed and no longer as bad, and lets go of what was
 * fetched for it. */
int turn_note_kept(struct turn *t, char slot, struct err *err) MUST_USE;

/* The event's change to the environment, in one store. `result` is told what comes of it. */
int turn_apply(struct turn *t, enum boot_event event, uint64_t epoch, struct boot_result *result,
	struct err *err) MUST_USE;

static inline void cleanup_turn(struct turn *t)
{
	cleanup_store(&t->store);
}

#define AUTO_TURN CLEANUP(cleanup_turn) struct turn

#endif
