/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding a delta to a layout, so that it is found from its target.
 */
#ifndef OTA_FLOW_ATTACH_H
#define OTA_FLOW_ATTACH_H

#include "io/layout.h"
#include "release/delta_artifact.h"

/* The blob is in the layout; all of `a` is filled in but its config. Puts config and manifest, and
 * then the list under the target's tag, which is what makes it count. The caller holds the layout's
 * lock. Errors: corrupt (the list that is there), io, space. */
int attach_delta(const char *dir, struct delta_artifact *a, struct descriptor *manifest,
	struct err *err) MUST_USE;

#endif
