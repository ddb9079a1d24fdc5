/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The applier: the tar stream of a layer becomes a tree below one folder, for overlay to mount.
 * Nothing outside of that folder is ever read, written or followed, whatever the layer says; what a
 * link leads to is looked for inside of it.
 *
 * Whiteouts become overlay's own (a device 0:0, the xattr trusted.overlay.opaque); a layer's own
 * nodes 0:0 and xattrs of overlay's names are none of that: the first is an error, the latter are
 * left out. Nothing is synced.
 */
#ifndef OTA_OCI_UNPACK_H
#define OTA_OCI_UNPACK_H

#include "oci/archive.h"

struct unpack_policy {
	bool devices; /* may it have device nodes? */
	/* Set-id bits and file capabilities are kept; else they are an error. On a folder, set-gid
	 * gives no rights and is always kept. */
	bool setuid;
	uint64_t bytes_max;   /* of contents and attributes, as far as they take up space, and of
				 what is written beside them */
	uint64_t entries_max; /* folders that are made only to hold others count too */
};

struct unpack_spec {
	int root_fd; /* an empty folder of mode 0755, open for reading; the caller's */
	struct unpack_policy policy;
	/* The stream as for archive.h. */
	int (*read)(void *ctx, const void **data, size_t *len, struct err *err);
	/* Both NULL: nobody wants to know. Literals and contents, in the order of the stream, make
	 * it up again: a content is what stands now in the file `path` (below the root, no link in
	 * it) from `offset` on, some of it maybe as a hole. See `replaced`, too. */
	int (*literal)(void *ctx, const void *data, size_t len, struct err *err);
	int (*content)(void *ctx, const char *path, uint64_t offset, const void *data, size_t len,
		struct err *err);
	/* How many bytes those two have written so far; NULL: none. */
	uint64_t (*beside)(void *ctx);
	/* The layer cannot be shown alone: a folder above an entry is not part of it, or a hard
	 * link's target is not, or its root is opaque, which overlay does not heed. Gives a folder
	 * in which the layers below are seen beneath this one (a mounted overlay whose upper folder
	 * is root_fd's); all that follows goes there. Called at most once; NULL, or one that gives
	 * -2: there is nothing below, folders are made as 0755 root, a link to nothing is an error.
	 * -1 is an error. The descriptor is the caller's.
	 */
	int (*lower)(void *ctx, struct err *err);
	void *ctx;
};

struct unpack_result {
	uint64_t entries, bytes;
	bool by_chain; /* `lower` gave a folder: the layer belongs to those below */
	/* A folder was made that no entry tells of, or the root is opaque, with nothing below: upon
	 * other layers the tree would be another. */
	bool lowest;
	bool replaced; /* a file was made and then replaced: contents that were told are void */
};

/* Errors: corrupt (no tar, an entry that no layer may have; the message names it), incompatible (a
 * device or set-id bits against the policy, a kernel without openat2), space (also: over the
 * policy's most), io, interrupted, those of the callbacks. What was made so far stays. */
int unpack_layer(
	const struct unpack_spec *spec, struct unpack_result *result, struct err *err) MUST_USE;

#endif
