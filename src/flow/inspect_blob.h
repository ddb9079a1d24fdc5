/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What inspecting a release and a container image have in common.
 */
#ifndef OTA_FLOW_INSPECT_BLOB_H
#define OTA_FLOW_INSPECT_BLOB_H

#include "flow/deltas.h"
#include "io/progress.h"

/* Are all of them sound, and their blobs' bytes those of the digests? Errors: corrupt, naming the
 * delta; the source's. */
int inspect_deltas(struct source *source, const struct delta_list *deltas,
	const struct progress *progress, struct err *err) MUST_USE;

#endif
