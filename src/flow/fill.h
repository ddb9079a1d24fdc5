/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot filled with the root file system of a release: from its frames, or by a delta, whose cells
 * are made out of the slot that runs. Every byte was held against the signed index before.
 */
#ifndef OTA_FLOW_FILL_H
#define OTA_FLOW_FILL_H

#include "flow/transfer.h"
#include "flow/way.h"
#include "slot/slot.h"

struct fill {
	const struct device *d;
	char running; /* 0: not known */
	struct source *source;
	const struct release *release;
	const struct frame_index *index;
	struct frame_set *have; /* what the slot has; all that is written is added */
	struct slot *slot;
	bool stored;           /* all of it was fetched: the source is the store */
	const struct way *way; /* else: how it comes from its source */
	const struct progress *progress;
};

/* Writes every frame that the slot does not have, and makes all durable. Errors: corrupt (the
 * source is damaged, or the slot that runs is not what it was at the fetch), config (a delta, and
 * what runs is not known), the source's, io, space, interrupted. */
int fill_slot(const struct fill *fill, struct err *err) MUST_USE;

#endif
