/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that a slot holds an image: every byte is read back from the device, past the page
 * cache, and held against the signed index.
 */
#ifndef OTA_FLOW_PROVE_H
#define OTA_FLOW_PROVE_H

#include "io/progress.h"
#include "release/index.h"
#include "slot/slot.h"

/* Errors: corrupt (the message tells where the slot differs), io, interrupted. */
int prove_slot(struct slot *slot, const struct frame_index *index, const struct progress *progress,
	struct err *err) MUST_USE;

#endif
