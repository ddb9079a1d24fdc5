/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers of container images in the store, unpacked:
 *
 *   STORE/layers/HEX/diff    the tree, for overlay to mount
 *   STORE/layers/HEX/split   what the tree lacks of the layer's tar stream, see oci/split.h
 *   STORE/layers/HEX/bytes   how long that stream is, as text
 *   STORE/layers/HEX/lowest  is there where the tree is right as the lowest of an image alone
 *
 * HEX is the layer's diffID; of one that cannot be shown alone its chainID, which tells what lies
 * below it, too. What is named there is complete and durable.
 *
 *   STORE/partial/layer-HEX  one that is being made, by its chainID. Once it is whole, `boot` in it
 *                            tells in which boot of the machine: until that ends, nothing of it can
 *                            be lost, although it is not durable yet.
 *   STORE/partial/old-BOOT.HEX.N  one that was damaged, and is replaced: containers that run have
 * it mounted, so where there are services it stays for that boot. STORE/partial/delta-HEX  the blob
 * of a delta that layers are made of, by its own digest.
 */
#ifndef OTA_FLOW_LAYERS_H
#define OTA_FLOW_LAYERS_H

#include <limits.h>

#include "oci/image.h"
#include "oci/unpack.h"

#define LAYER_DIFF "diff"
#define LAYER_SPLIT "split"
#define LAYER_BYTES "bytes"
#define LAYER_BOOT "boot"
#define LAYER_LOWEST "lowest"

/* Where a layer is. */
struct layer_place {
	char path[PATH_MAX];
	bool is_there, is_partial, by_chain;
};

/* Looks for it. boot_id is this boot's; NULL: what is partial does not count. Errors: usage (a path
 * that is too long). */
int layers_find(const char *store, const struct oci_layer *layer, const char *boot_id,
	struct layer_place *place, struct err *err) MUST_USE;

/* The path of one that is to be made; what was left there is removed, and its folders are made.
 * Errors: io, space, usage. */
int layers_begin(const char *store, const struct oci_layer *layer, char path[PATH_MAX],
	struct err *err) MUST_USE;

/* The path of a delta's blob. Errors: usage. */
int layers_delta_path(const char *store, const struct digest *blob, char path[PATH_MAX],
	struct err *err) MUST_USE;

/* It is whole. Nothing is synced. Errors: io, space. */
int layers_whole(const char *path, uint64_t bytes, const struct unpack_result *unpacked,
	const char *boot_id, struct err *err) MUST_USE;

/* Gives the names to all partial ones of the image, once one sync has made them durable. A layer
 * that has its name already is replaced. Errors: io, space. */
int layers_publish(const char *store, const struct oci_image *image, const char *boot_id,
	struct err *err) MUST_USE;

/* How long the tar stream of one is that has its name. Errors: io, corrupt. */
int layers_bytes(const char *path, uint64_t *bytes, struct err *err) MUST_USE;

/* Removes the layers for which `is_kept` gives false, and all that is partial, but what containers
 * may have mounted, and with `keep_whole` what is whole in this boot; tells how many layers went.
 * Errors: io. */
typedef bool layers_keep(void *ctx, const struct digest *name);
struct layers_rest {
	const char *boot_id;
	bool keep_whole;
	layers_keep *is_kept;
	void *ctx;
};
int layers_sweep(const char *store, const struct layers_rest *rest, size_t *removed,
	struct err *err) MUST_USE;

#endif
