/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image of a release as the raw bytes that it was packed from, on the build machine.
 */
#ifndef OTA_FLOW_REBUILD_H
#define OTA_FLOW_REBUILD_H

#include "flow/authentic.h"
#include "io/progress.h"

/* Decodes it into a file of the folder that has no name any more, every frame held against the
 * index and the whole against the config's hash. Fills in the index, too. Returns the descriptor,
 * open for reading and writing, or -1. Errors: corrupt, io, space, interrupted, the source's. */
int rebuild_image(struct source *source, const struct image *image, const char *dir,
	struct image_index *index, const struct progress *progress, struct err *err) MUST_USE;

/* A new file in the folder that has no name. Errors: io, space. */
int rebuild_file(const char *dir, struct err *err) MUST_USE;

#endif
