/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer of an image, from its source.
 */
#ifndef OTA_FLOW_LAYER_BRING_H
#define OTA_FLOW_LAYER_BRING_H

#include "flow/layers.h"
#include "flow/pull_delta.h"
#include "io/progress.h"
#include "io/source.h"

/* Where a layer comes from, and by what. */
struct layer_origin {
	struct source *source;
	struct pull_delta *delta; /* NULL: its blob comes, and not what a delta makes */
};

/* Makes it whole below partial/; the layers below it are there. A layer that unpacks to more than
 * the disk can take ends before the disk is full. Errors: those of pull_layer(), the source's. */
int layer_bring(const char *store, const char *boot_id, const struct layer_origin *origin,
	const struct oci_image *image, size_t number, const struct progress *progress,
	struct err *err) MUST_USE;

#endif
