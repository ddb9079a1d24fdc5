/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a delta says of itself: an OCI image manifest of artifactType application/vnd.ota.delta.v1
 * whose subject is the release or container image that it makes, its config, and its one layer, the
 * blob of delta/delta.h. Parsed only once its digest is known to be signed, and strictly all the
 * same: missing, unknown, doubled or extra is OTA_CORRUPT. Pure.
 */
#ifndef OTA_RELEASE_DELTA_ARTIFACT_H
#define OTA_RELEASE_DELTA_ARTIFACT_H

#include "release/release.h"

#define ARTIFACT_TYPE_DELTA "application/vnd.ota.delta.v1" /* its layer has the same type */
#define MEDIA_TYPE_DELTA_CONFIG "application/vnd.ota.delta.config.v1+json"

#define DELTA_PARTS_MAX 127

/* The tar stream of a layer. */
struct delta_part {
	struct digest diff_id;
	uint64_t bytes;
};

/* The root file system of a release, made out of that of another; or layers of a container image,
 * one behind the other and each filled up with zeros to whole cells, made out of all layers of
 * another, one behind the other. */
struct delta_artifact {
	struct descriptor subject; /* the manifest of the target */
	struct descriptor config, blob;
	struct digest base_content;  /* release.content of the base, or the chainID of its layers */
	uint64_t base_bytes;         /* its length */
	char base_version[WORD_LEN]; /* or its tag: for people */
	bool of_layers; /* which of the two; then only the second part of what follows */

	struct digest layer;       /* of the target's root file system */
	struct digest base_digest; /* of the raw bytes of its root file system */

	size_t n_base, n_made;
	struct delta_part base[DELTA_PARTS_MAX], made[DELTA_PARTS_MAX];
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

/* Does it make layers of the image that has this manifest? Errors: corrupt. */
int delta_artifact_check_image(
	const struct delta_artifact *a, const struct descriptor *target, struct err *err) MUST_USE;

/* Writes the same forms; the same delta gives the same bytes. */
int delta_artifact_write_manifest(
	const struct delta_artifact *a, struct buf *out, struct err *err) MUST_USE;
int delta_artifact_write_config(
	const struct delta_artifact *a, struct buf *out, struct err *err) MUST_USE;

#endif
