/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container image as the image of a root file system, on the build machine: its layers are
 * unpacked as a device would, seen through overlay, and made a file system by mkfs.ext4 or
 * mkfs.erofs. The same container image gives the same bytes.
 */
#ifndef OTA_FLOW_PACK_FROM_H
#define OTA_FLOW_PACK_FROM_H

#include <limits.h>

#include "io/progress.h"
#include "io/source.h"

struct pack_from {
	const char *from;      /* the source */
	const char *fs;        /* "ext4" or "erofs" */
	uint64_t fs_bytes;     /* of ext4; 0: as much as it takes, and some room */
	int64_t created_utc_s; /* times of the file system itself; NO_TIME: of 1970 */
	const struct source_options *options;
};

/* Makes it as the file `image` in the folder, which is emptied before and holds nothing else
 * afterwards. For root. The calling thread has a mount namespace of its own from then on. Errors:
 * those of image_load() and of the layers; config (no mkfs), failed (it fails), io, space,
 * interrupted. */
int pack_from_image(const struct pack_from *spec, const char *dir, const struct progress *progress,
	char image[PATH_MAX], struct err *err) MUST_USE;

#endif
