/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a release says of itself: an OCI image manifest of artifactType
 * application/vnd.ota.os.v1, and the config that it names. Parsed only once its digest is known to
 * be signed, and strictly all the same: missing, unknown, doubled or extra is OTA_CORRUPT. Pure.
 */
#ifndef OTA_RELEASE_RELEASE_H
#define OTA_RELEASE_RELEASE_H

#include "base/buf.h"
#include "io/descriptor.h"

#define ARTIFACT_TYPE_OS "application/vnd.ota.os.v1"
#define MEDIA_TYPE_CONFIG "application/vnd.ota.os.config.v1+json"
#define MEDIA_TYPE_IMAGE "application/vnd.ota.image.v1+zstd"
/* Layers of such types help to reuse what a device has; one that it does not know is passed over */
#define MEDIA_TYPE_REUSE_PREFIX "application/vnd.ota.reuse."

#define WORD_LEN 65 /* version, compatible, channel: 1 to 64 characters, and NUL */
#define NO_TIME INT64_MIN
#define PHASE_ALL 100

struct release {
	char version[WORD_LEN];
	char compatible[WORD_LEN];
	char channel[WORD_LEN]; /* "" where the release names none */
	uint64_t epoch;
	int64_t created, expires; /* UTC seconds, or NO_TIME */
	unsigned phase;           /* percent of the devices */
	uint64_t raw_bytes;       /* of the image */
	struct digest raw_digest;
	struct descriptor config, image, index;
};

/* Is this a word as version, compatible and channel take it: 1 to 64 of [A-Za-z0-9._~^+:-]? */
bool release_word_is_sound(const char *word);

/* The manifest gives config, image and index; the config the rest. Errors: corrupt, incompatible
 * (another artifactType, an image that this version does not know). */
int release_parse_manifest(
	const char *text, size_t len, struct release *r, struct err *err) MUST_USE;
int release_parse_config(const char *text, size_t len, struct release *r, struct err *err) MUST_USE;

/* Writes the same forms; the same release gives the same bytes. */
int release_write_manifest(const struct release *r, struct buf *out, struct err *err) MUST_USE;
int release_write_config(const struct release *r, struct buf *out, struct err *err) MUST_USE;

#endif
