/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a delta says of itself: an OCI image manifest of artifactType application/vnd.ota.delta.v1
 * whose subject is the release that it makes, its config, and its one layer, the blob of
 * delta/delta.h. Parsed only once its digest is known to be signed, and strictly all the same:
 * missing, unknown, doubled or extra is OTA_CORRUPT. Pure.
 */
#ifndef OTA_RELEASE_DELTA_ARTIFACT_H
#define OTA_RELEASE_DELTA_ARTIFACT_H

#include "release/release.h"

#define ARTIFACT_TYPE_DELTA "application/vnd.ota.delta.v1" /* its layer has the same type */
#define MEDIA_TYPE_DELTA_CONFIG "application/vnd.ota.delta.config.v1+json"

/* The root file system of a release, made out of that of another. */
struct delta_artifact {
	struct descriptor subject; /* the manifest of the target */
	struct descriptor config, blob;
	struct digest layer;         /* of the target's root file system */
	char base_version[WORD_LEN]; /* for people */
	struct digest base_content;  /* release.content of the base */
	struct digest base_digest;   /* of the raw bytes of its root file system */
	uint64_t base_bytes;         /* the length of these */
};

/* The manifest gives subject, config, blob and base_content, which stands in an annotation too, so
 * that lists of referrers show it; the config the rest, and is parsed second. Errors: corrupt,
 * incompatible (another artifactType, an image that this version does not know). */
int delta_artifact_parse_manifest(
	const char *text, size_t len, struct delta_artifact *a, struct err *err) MUST_USE;
int delta_artifact_parse_config(
	const char *text, size_t len, struct delta_artifact *a, struct err *err) MUST_USE;

/* Does it make this very release? Errors: corrupt. */
int delta_artifact_check_target(const struct delta_artifact *a, const struct descriptor *target,
	const struct release *release, struct err *err) MUST_USE;

/* Writes the same forms; the same delta gives the same bytes. */
int delta_artifact_write_manifest(
	const struct delta_artifact *a, struct buf *out, struct err *err) MUST_USE;
int delta_artifact_write_config(
	const struct delta_artifact *a, struct buf *out, struct err *err) MUST_USE;

#endif
