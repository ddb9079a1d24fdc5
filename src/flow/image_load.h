/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container image that may be used: found in a source, signed as it must be, for this platform.
 */
#ifndef OTA_FLOW_IMAGE_LOAD_H
#define OTA_FLOW_IMAGE_LOAD_H

#include "flow/signatures.h"
#include "oci/image.h"

struct image_trust {
	const char *trust; /* the folder of keys */
	unsigned signers;
	bool allow_unsigned;
};

struct loaded_image {
	struct descriptor manifest;
	struct buf manifest_bytes, config_bytes;
	struct signatures signatures; /* of the manifest, or of the index that lists it */
	struct digest signed_digest;  /* of which of these */
	uint32_t signers;             /* one bit for each key that signed */
	struct oci_image image;
};

#define LOADED_IMAGE                                                                               \
	{                                                                                          \
		.manifest_bytes = BUF(JSON_MAX_BYTES), .config_bytes = BUF(JSON_MAX_BYTES)         \
	}

/* Is what the source's tag names a container image? What cannot be read is none. */
bool image_is(struct source *source);

/* Loads what the source's tag names, the image of it that is for this machine where it is an index,
 * and verifies it before anything is parsed. trust NULL: nobody is asked, for those who only want
 * to look. An image that the source names by its digest needs no signature. Errors: untrusted,
 * incompatible, corrupt, the source's. */
int image_load(struct source *source, const struct image_trust *trust, struct loaded_image *l,
	struct err *err) MUST_USE;
void image_load_free(struct loaded_image *l);

#define AUTO_LOADED_IMAGE CLEANUP(image_load_free) struct loaded_image

#endif
