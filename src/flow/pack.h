/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a release of an image, and of boot files where they are not in it, in an image layout on
 * the build machine.
 */
#ifndef OTA_FLOW_PACK_H
#define OTA_FLOW_PACK_H

#include "flow/pack_from.h"
#include "io/progress.h"
#include "release/release.h"

struct pack_spec {
	const char *rootfs;           /* the root file system's image; NULL: */
	const struct pack_from *from; /* a container image */
	const char *boot;   /* the folder of boot files that the release carries; NULL: none */
	const char *layout; /* "DIR" or "DIR:TAG"; made where it is missing */
	int level;
	uint32_t cell_bytes;
	bool no_reuse; /* without the layers that spare a device what it has, see carve.h */
};

/* Packs it all. The caller has filled in what a release says of itself: version, compatible,
 * channel, epoch, created, expires, phase; the rest of r is filled in here, as is its manifest.
 * The same input gives the same bytes. Errors: usage (a word, an empty image, a boot file that
 * FAT cannot keep), busy (another run writes to the layout), io, space, interrupted; none leaves a
 * tag changed. */
int pack_release(const struct pack_spec *spec, const struct progress *progress, struct release *r,
	struct descriptor *manifest, struct err *err) MUST_USE;

#endif
