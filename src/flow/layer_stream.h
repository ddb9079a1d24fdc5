/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar stream of a layer, on the build machine: received, held against its digest, decoded, and
 * held against its diffID, on one thread.
 */
#ifndef OTA_FLOW_LAYER_STREAM_H
#define OTA_FLOW_LAYER_STREAM_H

#include "io/progress.h"
#include "io/source.h"
#include "oci/image.h"

/* Gives the stream to the sink (NULL: nobody wants it), and tells how long it is. It is verified
 * once this succeeds. Errors: corrupt, those of the source and of the sink. */
int layer_stream(struct source *source, const struct oci_layer *layer, const char *what,
	const struct sink *sink, uint64_t *bytes, const struct progress *progress,
	struct err *err) MUST_USE;

#endif
