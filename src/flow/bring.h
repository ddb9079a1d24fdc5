/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing images of a release into the store: verified, resumable, and planned as a whole before
 * the first byte.
 */
#ifndef OTA_FLOW_BRING_H
#define OTA_FLOW_BRING_H

#include "flow/authentic.h"
#include "flow/install.h"
#include "flow/way.h"

/* What is to be brought: the images from `first` on. */
struct bring {
	const struct device *d;
	struct source *source;
	const struct release *release;
	size_t first;
	const struct progress *progress;
	const struct way *way; /* of the root file system; NULL: its frames */
	char running;          /* the slot that runs, which a way may start from */
	bool frames_only;      /* another way was tried, and failed */
	bool straight;         /* into a slot: nothing is made in the store */
	bool dry;              /* bring_plan() changes nothing, and indexes are only read */
};

/* Does the store hold this very release as fetched, whole? */
bool bring_is_done(const struct device *d, const struct authentic *a);

/* Loads each index into the store, and counts what an earlier run has left (found_bytes) and what
 * is missing (moved_bytes) onto the result. Errors: corrupt, the source's, io, space. */
int bring_plan(const struct bring *b, struct install_result *result, struct err *err) MUST_USE;

/* Is there room in the store for so much? Other releases are given up only when there is none.
 * Errors: space, io. */
int bring_check_room(const struct bring *b, uint64_t bytes, struct err *err) MUST_USE;

/* Brings what is missing, after bring_plan(). Errors: corrupt, retry, refused, io, space,
 * interrupted. Tells in the result what came in frames although another way was chosen. */
int bring_run(const struct bring *b, struct install_result *result, struct err *err) MUST_USE;

#endif
