/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that a slot holds an image: every byte is read back from the device, past the page
 * cache, and held against the signed index. What counts has been made durable before it is read.
 *
 * The proof of what is being written goes along with the writing, a few megabytes behind it:
 *
 *   proof_begin -> proof_add* -> (the writing is over) proof_end
 */
#ifndef OTA_FLOW_PROVE_H
#define OTA_FLOW_PROVE_H

#include "flow/frame_set.h"
#include "io/progress.h"
#include "slot/slot.h"

/* Errors: corrupt (the message tells where the slot differs), io, interrupted. */
int prove_slot(struct slot *slot, const struct frame_index *index, const struct progress *progress,
	struct err *err) MUST_USE;

struct proof;

/* `proved`: what was read from the device after all was made durable; NULL: nothing. The slot and
 * the index must outlive the proof. NULL on failure. Errors: failed (memory). */
struct proof *proof_begin(struct slot *slot, const struct frame_index *index,
	const struct frame_set *proved, struct err *err) MUST_USE;

/* Called by any thread: this frame was written. Errors: those of what was read back so far, which
 * the writing need not go on after. */
int proof_add(struct proof *p, const struct frame *f, struct err *err) MUST_USE;

/* Has what was read back so far failed? Then the slot's disk is to blame, and not its source. */
bool proof_has_failed(struct proof *p);

/* Makes the slot durable and proves what is left, on all cores. Errors: those of prove_slot(). */
int proof_end(struct proof *p, const struct progress *progress, struct err *err) MUST_USE;

/* At any time; NULL is fine. */
void proof_free(struct proof *p);

static inline void cleanup_proof(struct proof **p)
{
	proof_free(*p);
}

#define AUTO_PROOF CLEANUP(cleanup_proof) struct proof

#endif
