/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a delta from one container image to another.
 */
#ifndef OTA_FLOW_DELTA_IMAGE_H
#define OTA_FLOW_DELTA_IMAGE_H

#include "flow/delta.h"

#define DELTA_IMAGE_CELL (512u << 10)

/* As delta_make(): makes the tar streams of the layers that the base lacks out of those of all of
 * its layers. Errors: also nothing, where it lacks none. */
int delta_image_make(const struct delta_spec *spec, const struct progress *progress,
	struct delta_result *result, struct err *err) MUST_USE;

#endif
