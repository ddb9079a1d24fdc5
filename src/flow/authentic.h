/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A release that is known to be signed: the one verifier, for every source. Nothing of a release
 * is parsed, and nothing is opened for writing, before enough trusted keys have signed its
 * manifest.
 */
#ifndef OTA_FLOW_AUTHENTIC_H
#define OTA_FLOW_AUTHENTIC_H

#include "flow/signatures.h"
#include "release/index.h"
#include "release/release.h"

struct authentic {
	struct descriptor manifest;
	struct buf manifest_bytes, config_bytes;
	struct signatures signatures;
	uint32_t signers; /* the keys that signed, one bit each; 0 where no keyring was asked */
	struct release release;
};

#define AUTHENTIC                                                                                  \
	{                                                                                          \
		.manifest_bytes = BUF(JSON_MAX_BYTES), .config_bytes = BUF(JSON_MAX_BYTES)         \
	}

/* Loads manifest and signatures of the source's tag, verifies these, and parses manifest and
 * config. Errors: untrusted, corrupt, incompatible (not an OS release), the source's. */
int authentic_load(struct source *source, const struct keyring *keyring, unsigned signers,
	struct authentic *a, struct err *err) MUST_USE;

/* The same without any keyring, for those who only want to look. */
int authentic_load_unverified(struct source *source, struct authentic *a, struct err *err) MUST_USE;

void authentic_free(struct authentic *a);

#define AUTO_AUTHENTIC CLEANUP(authentic_free) struct authentic

/* The frame index of one image. */
struct image_index {
	struct buf bytes;
	struct frame_index frames; /* views bytes */
};

#define IMAGE_INDEX                                                                                \
	{                                                                                          \
		.bytes = BUF(INDEX_MAX_BYTES)                                                      \
	}

/* Loads it, and holds it against what manifest and config say of the image. Errors: corrupt, the
 * source's. */
int image_index_load(struct source *source, const struct image *image, struct image_index *index,
	struct err *err) MUST_USE;

static inline void image_index_free(struct image_index *index)
{
	buf_free(&index->bytes);
}

#define AUTO_IMAGE_INDEX CLEANUP(image_index_free) struct image_index

#endif
