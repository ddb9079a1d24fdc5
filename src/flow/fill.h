/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot is filled with an image, and proved: frames that the slot lacks come from the source, or
 * are made by a delta out of the slot that runs, are decoded, held against the index and written on
 * all cores, and are read back from the device while others still come.
 */
#ifndef OTA_FLOW_FILL_H
#define OTA_FLOW_FILL_H

#include "flow/frame_set.h"
#include "flow/way.h"
#include "slot/slot.h"

struct fill {
	const struct device *d;
	char running;      /* 0: not known */
	struct slot *slot; /* open for writing */
	struct source *source;
	const struct release *release;
	const struct frame_index *index; /* of its root file system */
	struct frame_set *have; /* what fill_find() found; every frame that is written is added */
	bool stored;            /* all of it was fetched: the source is the store */
	const struct way *way;  /* else: how it comes from its source */
	struct install_result *result; /* told where it came another way after all */
	const struct progress *progress;
};

/* Adds to `have` what an earlier run has left in the slot: it was made durable first, and counts as
 * proved. Errors: io, interrupted. */
int fill_find(struct slot *slot, const struct frame_index *index, struct frame_set *have,
	struct err *err) MUST_USE;

/* Fills and proves. *slot_failed: the slot gave back other bytes than were written, or none; the
 * source is not to blame. A delta that is missing or damaged at its source holds nobody back.
 * Errors: those of transfer_run() and prove_slot(), space, config (a delta, and what runs is not
 * known); corrupt also where the slot that runs is not what it was at the fetch. */
int fill_run(const struct fill *f, bool *slot_failed, struct err *err) MUST_USE;

#endif
