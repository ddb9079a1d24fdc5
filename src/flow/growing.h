/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delta's blob on its way into a file of the store.
 */
#ifndef OTA_FLOW_GROWING_H
#define OTA_FLOW_GROWING_H

#include "io/progress.h"
#include "io/source.h"

/* Brings it, and goes on where an earlier run was cut; what that left damaged comes again. Not
 * synced. Errors: corrupt, io, space, the source's. */
int growing_bring(struct source *source, const struct descriptor *d, const char *path,
	const struct progress *progress, struct err *err) MUST_USE;

#endif
