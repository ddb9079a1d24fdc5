/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two layers that let a device on any version reuse what it has of an image: its chunk list,
 * and the chunks' data, in groups that are coded on all cores and written in order, so that the
 * same image gives the same bytes.
 */
#ifndef OTA_FLOW_CARVE_H
#define OTA_FLOW_CARVE_H

#include "flow/encode.h"

/* Adds both layers to the layout, of an image that encode_image() has made, and fills in chunks and
 * data of `image`; sizes are 0 where it has none (all zeros, or 64 GiB and
 * more). A failure leaves at
 * most temporary files. Errors: io, space, interrupted. */
int carve_image(const struct encode_spec *spec, const struct progress *progress,
	struct image *image, struct err *err) MUST_USE;

#endif
