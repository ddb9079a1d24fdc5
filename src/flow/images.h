/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container images in the store: each has a name in its index.json, and its layers below
 * layers/. The caller holds the store's lock where something is changed.
 */
#ifndef OTA_FLOW_IMAGES_H
#define OTA_FLOW_IMAGES_H

#include "flow/layers.h"
#include "io/layout.h"
#include "io/source.h"

#define IMAGES_SOURCE_MAX 8192 /* of a source's text */

#define DIGEST_TAG_PREFIX "sha256-" /* of signatures and lists of referrers */

/* Is a tag the name of an image? The store's own tags are none. */
bool images_is_name(const char *tag);

/* What an image goes by: `wanted`, or where that is NULL what its source calls it, as in
 * "HOST/REPO:TAG". Errors: usage (too long, or a name that the store needs itself). */
int images_name(const struct source *source, const char *wanted, char name[TAG_LEN],
	struct err *err) MUST_USE;

/* The same of a registry's source that is not open, "docker://HOST/REPO:TAG": docker.io and a tag
 * that is not given are written out there, too. Errors: usage. */
int images_name_of(const char *reference, char name[TAG_LEN], struct err *err) MUST_USE;

/* The text of the source that an image came from, to bring a part of it again. Errors: io, space;
 * reading: nothing (there is no note). */
int images_keep_source(const char *store, const struct digest *manifest, const char *from,
	struct err *err) MUST_USE;
int images_read_source(const char *store, const struct digest *manifest, struct buf *from,
	struct err *err) MUST_USE;

struct stored_image {
	const char *name;
	struct descriptor manifest;
	struct oci_image image;
	struct err fault; /* code OTA_OK: it can be read */
	bool is_complete; /* each layer has its name */
	uint64_t bytes;   /* of the tar streams of those that have */
};

/* Calls `visit` for each, in the order of their names' arrival. Errors: io, corrupt (index.json),
 * those of visit. A store that is not there has none. */
typedef int images_visit(void *ctx, const struct stored_image *image, struct err *err);
int images_each(const char *store, images_visit *visit, void *ctx, struct err *err) MUST_USE;

/* What a manifest in the store says, and the text of its config, for whoever needs more of that.
 * Errors: corrupt (also: not there), io. */
int images_read(const char *store, const struct descriptor *manifest, struct oci_image *image,
	struct buf *config, struct err *err) MUST_USE;

/* Takes the name of an image away, and what only it needed. Errors: nothing (no such name), io. */
int images_remove(
	const char *store, const char *name, const char *boot_id, struct err *err) MUST_USE;

/* Removes all layers, blobs and notes that no name and no service needs, and what is partial, but,
 * with `keep_whole`, layers that are whole in this boot; tells how many layers went. Needs no room.
 * Errors: corrupt (an image cannot be read: then nothing is removed), io. */
int images_gc(const char *store, const char *boot_id, bool keep_whole, size_t *removed,
	struct err *err) MUST_USE;

#endif
