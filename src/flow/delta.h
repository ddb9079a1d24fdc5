/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a delta from one release to another, in an image layout on the build machine.
 */
#ifndef OTA_FLOW_DELTA_H
#define OTA_FLOW_DELTA_H

#include "io/progress.h"
#include "io/source.h"
#include "release/delta_artifact.h"

struct delta_spec {
	const char *from, *to; /* "LAYOUT[:TAG]", or any source */
	const char *layout;    /* that holds `to`, and takes the delta; NULL: `to` is that layout */
	int level;             /* of zstd */
	const struct source_options *options;
};

struct delta_result {
	struct descriptor manifest;
	struct delta_artifact artifact;
	bool already;           /* a delta from this base was there: nothing changed */
	char version[WORD_LEN]; /* of the target */
	uint64_t layer_bytes;   /* what a device without the delta transfers */
};

/* Makes it, and lists it under the target's tag for referrers; the same two releases give the same
 * bytes. Both images are rebuilt in files beside the layout's blobs, without a name, so there must
 * be room for them; for the memory see delta_build(). Nobody's signature is asked for. Errors:
 * usage (forms, no layout, twice the same release), incompatible (another `compatible`), nothing
 * (the delta would be no smaller than the layer; none is added), refused (the layout does not hold
 * the target), corrupt, busy, io, space, interrupted, the sources'; none leaves a list changed. */
int delta_make(const struct delta_spec *spec, const struct progress *progress,
	struct delta_result *result, struct err *err) MUST_USE;

/* Is this a base for a release of this `compatible`? Said before there is one. Errors: usage,
 * incompatible, corrupt, the source's. */
int delta_check_base(const char *from, const struct source_options *options, const char *compatible,
	struct err *err) MUST_USE;

#endif
