/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI image layout in a folder: what `pack` makes, what a USB stick carries, what the store is.
 *
 *   DIR/oci-layout  DIR/index.json  DIR/blobs/sha256/HEX
 *
 * A blob appears under its digest only when it is complete and durable; index.json is replaced
 * whole. Entries that others wrote into index.json are kept as they are. Writers hold a lock of
 * their own: this file knows none.
 */
#ifndef OTA_IO_LAYOUT_H
#define OTA_IO_LAYOUT_H

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "io/descriptor.h"

#define TAG_LEN 129 /* a tag and NUL */
#define LAYOUT_BLOB_FORMAT "blobs/sha256/%s"

/* Splits "DIR[:TAG]" (also behind "oci:"); tag becomes "latest" where there is none. Errors: usage.
 */
int layout_split(const char *text, char dir[PATH_MAX], char tag[TAG_LEN], struct err *err) MUST_USE;

/* Is this a tag: [A-Za-z0-9_][A-Za-z0-9._-]*, at most 128 characters? */
bool tag_is_sound(const char *tag);

/* Makes the folder a layout where it is none yet. Errors: io, space. */
int layout_create(const char *dir, struct err *err) MUST_USE;

/* Finds a tag in the text of an index.json. Errors: refused (no such tag), corrupt. */
int layout_index_find(const char *text, size_t len, const char *tag, struct descriptor *d,
	struct err *err) MUST_USE;

/* The same in a folder; io where there is no layout. */
int layout_tag_get(
	const char *dir, const char *tag, struct descriptor *d, struct err *err) MUST_USE;

/* Calls `visit` for each entry of index.json, in its order; the tag is "" where it has none. Its
 * error ends it. Errors: io, corrupt, those of visit. */
typedef int layout_visit(void *ctx, const char *tag, const struct descriptor *d, struct err *err);
int layout_each(const char *dir, layout_visit *visit, void *ctx, struct err *err) MUST_USE;

/* Points a tag at a manifest, or removes it; durable when it returns. */
int layout_tag_set(
	const char *dir, const char *tag, const struct descriptor *d, struct err *err) MUST_USE;
int layout_tag_remove(const char *dir, const char *tag, struct err *err) MUST_USE;

int layout_blob_path(
	const char *dir, const struct digest *digest, char out[PATH_MAX], struct err *err) MUST_USE;

/* Opens a blob for reading and checks its size; a missing blob, a symlink or another size is
 * OTA_CORRUPT. Returns the descriptor of the file. */
int layout_blob_open(const char *dir, const struct descriptor *d, struct err *err) MUST_USE;

bool layout_blob_exists(const char *dir, const struct descriptor *d);

/* Adds a blob and fills in digest and size of d (its media type is the caller's). */
int layout_blob_put(const char *dir, const void *data, size_t len, struct descriptor *d,
	struct err *err) MUST_USE;

/* Removes every blob that no manifest names which stands in index.json, in a list of that, or in
 * `keep`. Errors: io, corrupt. */
int layout_gc(
	const char *dir, const struct descriptor *keep, size_t n_keep, struct err *err) MUST_USE;

#endif
