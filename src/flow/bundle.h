/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to a release in a layout: its own manifest, the manifests that refer to it, and the
 * signatures of all of them. Whoever copies a release copies these.
 */
#ifndef OTA_FLOW_BUNDLE_H
#define OTA_FLOW_BUNDLE_H

#include "io/layout.h"
#include "io/referrers.h"

#define BUNDLE_MAX (2 * REFERRERS_MAX + 2)

struct bundle_item {
	struct descriptor d;
	char name[TAG_LEN]; /* what it goes by: a tag, or its digest where it has none to go by */
	bool refers;        /* to the release, by its subject */
	char artifact_type[MEDIA_TYPE_LEN]; /* of one that does, "" where it tells none */
	bool has_base;                      /* of a delta, as lists of referrers show it */
	struct digest base;
};

/* The release stands last, behind its signatures; what refers to it before them. */
struct bundle {
	size_t n;
	struct bundle_item items[BUNDLE_MAX];
};

/* `name` is the tag that the release will go by. Errors: refused (no such tag), corrupt, io. */
int bundle_collect(const char *dir, const char *tag, const char *name, struct bundle *b,
	struct err *err) MUST_USE;

/* The bytes of a manifest, compared with its digest, appended. Errors: corrupt, io. */
int bundle_manifest(
	const char *dir, const struct descriptor *d, struct buf *bytes, struct err *err) MUST_USE;

/* Calls `visit` for each blob that a manifest names. Errors: corrupt, io, those of visit. */
typedef int bundle_visit(void *ctx, const struct descriptor *d, struct err *err);
int bundle_each_blob(const char *dir, const struct descriptor *manifest, bundle_visit *visit,
	void *ctx, struct err *err) MUST_USE;

#endif
