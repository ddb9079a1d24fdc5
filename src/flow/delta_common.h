/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What making a delta has in common, be it of a release or of a container image.
 */
#ifndef OTA_FLOW_DELTA_COMMON_H
#define OTA_FLOW_DELTA_COMMON_H

#include <limits.h>

#include "delta/build.h"
#include "flow/delta.h"

/* On the build machine a bare LAYOUT[:TAG] is a source, too. Errors: those of source_open(). */
struct source *delta_open_source(
	const char *text, const struct source_options *options, struct err *err) MUST_USE;

/* The layout that takes the delta, and which must hold its target. Errors: usage, refused, io. */
int delta_layout(const struct delta_spec *spec, const struct source *to,
	const struct digest *target, char dir[PATH_MAX], struct err *err) MUST_USE;

/* Is there a delta from that base already? Sets result->already then, and what it is. release: as
 * for deltas_list(). */
int delta_find_existing(const char *dir, const struct descriptor *target,
	const struct release *release, const struct digest *base, struct delta_result *result,
	struct err *err) MUST_USE;

/* Builds the blob (out_fd and out_name of the spec are not used) into the layout. Errors: those of
 * delta_build(), nothing (it saves too little). */
int delta_put_blob(const char *dir, const struct delta_build_spec *spec,
	const struct progress *progress, struct delta_result *result, struct err *err) MUST_USE;

#endif
