/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline of one layer: bytes are received and hashed on the caller's thread, decoded and
 * hashed as a tar stream on a second, unpacked on a third. Memory: a constant.
 */
#ifndef OTA_FLOW_PULL_LAYER_H
#define OTA_FLOW_PULL_LAYER_H

#include "flow/layers.h"
#include "io/progress.h"
#include "io/source.h"
#include "oci/unpack.h"

/* Gives the coded layer, or its tar stream, to the sink. */
struct layer_supply {
	int (*run)(void *ctx, const struct sink *sink, struct err *err);
	void *ctx;
	enum coding coding;
	const struct digest *coded; /* what the coded bytes must be; NULL: that does not matter */
};

struct layer_job {
	const char *store, *boot_id;
	const struct oci_image *image;
	size_t number; /* of the layer; all below it are there */
	struct unpack_policy policy;
	struct layer_supply supply;
};

/* Makes the layer whole below partial/. Errors: corrupt, io, space, incompatible, interrupted,
 * those of the supply. What failed is removed. */
int pull_layer(const struct layer_job *job, struct err *err) MUST_USE;

#endif
