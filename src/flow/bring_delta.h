/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing an image as the delta that makes it out of the slot that runs. Every cell is made once,
 * and held against the signed index, before the delta counts as fetched; a cell that does not come
 * out right is fetched whole, so that `write` needs no network.
 */
#ifndef OTA_FLOW_BRING_DELTA_H
#define OTA_FLOW_BRING_DELTA_H

#include <limits.h>

#include "flow/bring.h"
#include "flow/frame_set.h"

/* What an earlier run has left of the delta's blob. */
int bring_delta_found(const struct bring *b, const struct image *image,
	const struct descriptor *delta, uint64_t *bytes, struct err *err) MUST_USE;

/* Brings the blob alone, and tells where it lies. Errors: corrupt, the source's, io, space,
 * interrupted. */
int bring_delta_blob(const struct bring *b, const struct image *image,
	const struct descriptor *delta, char path[PATH_MAX], struct err *err) MUST_USE;

/* Afterwards the store has the delta by its name, and the frames that it does not make in the
 * layer's part; whole_bytes tells how many bytes these took. Errors: those of bring_run(). */
int bring_delta(const struct bring *b, const struct image *image, const struct descriptor *delta,
	uint64_t *whole_bytes, struct err *err) MUST_USE;

struct partial;

/* The end of it, for a delta that was made here, too: the frames that are not in `made` are fetched
 * whole into `p`, then the delta at `path` gets its name. */
int bring_delta_finish(const struct bring *b, const struct image *image, struct partial *p,
	const struct frame_set *made, const char *path, uint64_t *whole_bytes,
	struct err *err) MUST_USE;

#endif
