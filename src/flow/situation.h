/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the device stands: which slot runs, what the boot environment says, what the notes say
 * once they are repaired from these. situation_read() only reads and cannot fail: what could not
 * be learnt is kept as an error, for those who need it. Changing flows go on with
 * situation_settle(), which writes the repaired notes down.
 */
#ifndef OTA_FLOW_SITUATION_H
#define OTA_FLOW_SITUATION_H

#include "boot/state.h"
#include "flow/device.h"
#include "slot/record.h"

struct situation {
	char running; /* 'a' or 'b'; 0: not known, see running_err */
	bool has_env; /* else see env_err */
	struct boot_env env;
	enum boot_state state; /* where both are known */
	struct slot_record slots[2];
	struct rollback_record rollback;
	struct committed_record committed;
	char boot_id[BOOT_ID_LEN]; /* "": not known */
	struct err running_err, env_err;
};

static inline struct slot_record *situation_slot(struct situation *s, char slot)
{
	return &s->slots[slot - 'a'];
}

/* Reads all there is and repairs the notes in memory. */
void situation_read(const struct device *d, struct situation *s);

/* Fails where the running slot or the environment is not known. Errors: config, bootenv. */
int situation_require(const struct situation *s, struct err *err) MUST_USE;

/* Writes down what situation_read() repaired, then lets the environment forget a rollback that is
 * noted now. With keep_notes false (the store is lost) only the environment. Errors: io, space,
 * bootenv. */
int situation_settle(
	const struct device *d, struct situation *s, bool keep_notes, struct err *err) MUST_USE;

/* The highest epoch that this device has committed. */
uint64_t situation_epoch(const struct situation *s);

#endif
