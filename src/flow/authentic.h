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
	struct buf manifest_bytes, config_bytes, index_bytes;
	struct signatures signatures;
	uint32_t signers; /* the keys that signed, one bit each; 0 where no keyring was asked */
	struct release release;
	struct frame_index index; /* views index_bytes */
};

#define AUTHENTIC                                                                                  \
	{                                                                                          \
		.manifest_bytes = BUF(JSON_MAX_BYTES), .config_bytes = BUF(JSON_MAX_BYTES),        \
		.index_bytes = BUF(INDEX_MAX_BYTES)                                                \
	}

/* Loads manifest and signatures of the source's tag, verifies these, and parses manifest and
 * config. Errors: untrusted, corrupt, incompatible (not an OS release), the source's. */
int authentic_load(struct source *source, const struct keyring *keyring, unsigned signers,
	struct authentic *a, struct err *err) MUST_USE;

/* The same without any keyring, for those who only want to look. */
int authentic_load_unverified(struct source *source, struct authentic *a, struct err *err) MUST_USE;

/* Loads the frame index of a loaded release, and holds it against the manifest. */
int authentic_load_index(struct source *source, struct authentic *a, struct err *err) MUST_USE;

void authentic_free(struct authentic *a);

#define AUTO_AUTHENTIC CLEANUP(authentic_free) struct authentic

#endif
