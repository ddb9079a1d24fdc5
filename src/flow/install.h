/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story of a release on its way into a slot: check, fetch, write. Each is one step that
 * happened or did not, goes on where an earlier run was cut, and says at once when its result
 * stands already.
 */
#ifndef OTA_FLOW_INSTALL_H
#define OTA_FLOW_INSTALL_H

#include "flow/device.h"
#include "flow/policy.h"
#include "io/progress.h"

/* How the root file system comes: its frames, a delta, or what the device has and the rest. */
enum install_way { WAY_IMAGE, WAY_DELTA, WAY_REUSE };

struct install_result {
	struct descriptor manifest;
	struct release release;
	char slot;            /* of write */
	bool already;         /* the result stood: nothing was done */
	uint64_t found_bytes; /* of the layer, from an earlier run */
	uint64_t moved_bytes; /* of the layer, in this run */
	/* of fetch: by which way, and why; what the image would have taken; what of it was taken
	 * all the same, for frames that the way did not make */
	enum install_way way;
	char reason[384];
	uint64_t image_bytes, whole_bytes;
};

/* Is there a newer release for this device, and is it its turn? Errors: nothing (no), config,
 * bootenv, untrusted, incompatible, corrupt, and the source's. Changes nothing. */
int install_check(const struct device *d, struct source *source,
	const struct policy_options *options, struct install_result *result,
	struct err *err) MUST_USE;

/* Brings it into the store. Errors: those of install_check(), busy, space, io, interrupted. */
int install_fetch(const struct device *d, struct source *source,
	const struct policy_options *options, const struct progress *progress,
	struct install_result *result, struct err *err) MUST_USE;

struct write_options {
	struct policy_options policy;
	char slot; /* 'a' or 'b': this one (factory); 0: the one that does not run */
};

/* Writes it into the slot, reads it back, and notes it as proved. source NULL: what was fetched,
 * which was newer then and is not asked again. Errors: those of install_fetch(), failed (the slot
 * may not be written now: it is the next to boot, or the only good one). A failure after the first
 * byte leaves the slot marked as `writing`. */
int install_write(const struct device *d, struct source *source,
	const struct write_options *options, const struct progress *progress,
	struct install_result *result, struct err *err) MUST_USE;

#endif
