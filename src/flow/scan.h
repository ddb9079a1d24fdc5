/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking what is there already, frame by frame, on all cores: the frames of a layer that arrived
 * in an earlier run, or those of an image that a slot holds. What is found is found by its hash;
 * no journal is believed.
 */
#ifndef OTA_FLOW_SCAN_H
#define OTA_FLOW_SCAN_H

#include "flow/transfer.h"
#include "slot/slot.h"

/* Adds to `found` each frame of the layer that the file holds. Errors: io, interrupted. */
int scan_layer(int fd, const struct frame_index *index, struct frame_set *found,
	const struct progress *progress, struct err *err) MUST_USE;

/* Adds to `found` each frame of the image that the slot holds, runs of zeros too; those that are in
 * it already are not read, nor are holes where zeros belong. Errors: io, interrupted. */
int scan_slot(struct slot *slot, const struct frame_index *index, struct frame_set *found,
	const struct progress *progress, struct err *err) MUST_USE;

#endif
