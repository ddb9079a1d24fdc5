/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers made out of those of an image that the store has, by a delta: the tar streams of the base
 * are read again out of its trees, and what comes of it is held against the diffID like any layer.
 */
#ifndef OTA_FLOW_PULL_DELTA_H
#define OTA_FLOW_PULL_DELTA_H

#include "delta/delta.h"
#include "flow/deltas.h"
#include "flow/layer_split.h"
#include "flow/layers.h"
#include "io/layout.h"
#include "io/progress.h"
#include "io/sink.h"
#include "trust/keyring.h"

struct pull_delta {
	struct delta_found found; /* found.artifact.blob is what crosses the network */
	char base_name[TAG_LEN];  /* of the image in the store */
	struct oci_image base;
	/* once it is open */
	int fd;
	char path[PATH_MAX];
	uint8_t *head;
	struct delta_table table;
	struct layer_split layers[OCI_LAYERS_MAX];
};

/* First of all; pull_delta_free() then is always right. */
void pull_delta_init(struct pull_delta *d);

/* Looks for the smallest delta from an image that the store has. signers 0: nobody is asked who
 * signed it. Errors: those of deltas_find(), io, corrupt. */
int pull_delta_find(struct source *source, const char *store, const struct keyring *keyring,
	unsigned signers, const struct descriptor *manifest, struct pull_delta *d, bool *is_there,
	struct err *err) MUST_USE;

/* How long the layer's tar stream is that it makes; 0: it makes no such layer. */
uint64_t pull_delta_bytes(const struct pull_delta *d, const struct digest *diff_id);

/* Brings its blob, where an earlier run was cut on from there, and opens the base. Errors: corrupt
 * (also: the base is not what the delta says), io, space, the source's. */
int pull_delta_open(struct pull_delta *d, struct source *source, const char *store,
	const struct progress *progress, struct err *err) MUST_USE;

/* Gives the tar stream of one layer, unverified, to the sink. Errors: corrupt, io, interrupted,
 * those of the sink. */
int pull_delta_give(struct pull_delta *d, const struct digest *diff_id, const struct sink *sink,
	struct err *err) MUST_USE;

/* The image is there: the blob is not needed any more. */
void pull_delta_done(struct pull_delta *d);
void pull_delta_free(struct pull_delta *d);

#endif
