/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/pack_from.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/overlay.h"
#include "base/tree.h"
#include "flow/image_load.h"
#include "flow/layer_bring.h"
#include "flow/mkfs.h"

#define SHOWN "shown" /* where the layers are seen, one above the other */
#define NONE "none"   /* an empty folder: overlay wants two */
#define BOOT_ID "pack"

static int make_folder(const char *dir, const char *name, char path[PATH_MAX], struct err *err)
{
	return path_join(path, dir, name, err) < 0 ? -1 : dir_make(path, err);
}

static int unpack(struct source *source, const struct oci_image *image, const char *dir,
	const struct progress *progress, struct err *err)
{
	const struct layer_origin origin = {source, NULL};
	struct layer_place place;
	char path[PATH_MAX];

	if (make_folder(dir, "partial", path, err) < 0)
		return -1;
	for (size_t i = 0; i < image->n_layers; i++)
		if (layers_find(dir, &image->layers[i], BOOT_ID, &place, err) < 0 ||
			(!place.is_there &&
				layer_bring(dir, BOOT_ID, &origin, image, i, progress, err) < 0))
			return -1;
	return 0;
}

static int show(
	const struct oci_image *image, const char *dir, char shown[PATH_MAX], struct err *err)
{
	AUTO_FREE char(*lower)[PATH_MAX] = calloc(image->n_layers + 1, PATH_MAX);
	struct overlay_spec spec = {.n_lower = image->n_layers + 1, .at = shown};
	struct layer_place place;

	if (!lower)
		return err_set(err, OTA_FAILED, "out of memory");
	if (make_folder(dir, SHOWN, shown, err) < 0 || make_folder(dir, NONE, lower[0], err) < 0)
		return -1;
	spec.lower[0] = lower[0];
	for (size_t i = 0; i < image->n_layers; i++) {
		if (layers_find(dir, &image->layers[i], BOOT_ID, &place, err) < 0 ||
			path_join(lower[i + 1], place.path, LAYER_DIFF, err) < 0)
			return -1;
		spec.lower[i + 1] = lower[i + 1];
	}
	AUTO_FD fd = overlay_mount(&spec, err);
	return fd < 0 ? -1 : 0;
}

static int make(const struct pack_from *spec, const char *dir, const struct progress *progress,
	const char *image, struct err *err)
{
	AUTO_FREE struct loaded_image *l = calloc(1, sizeof(*l));
	AUTO_SOURCE *source = source_open(spec->from, spec->options, err);
	char shown[PATH_MAX];

	if (!l)
		return err_set(err, OTA_FAILED, "out of memory");
	*l = (struct loaded_image)LOADED_IMAGE;
	const struct mkfs mkfs = {.tree = shown,
		.image = image,
		.bytes = spec->fs_bytes,
		/* to e2fsprogs 0 is no time */
		.now_utc_s = spec->created_utc_s > 0 ? spec->created_utc_s : 1,
		.seed = &l->manifest.digest};
	int rc = source ? image_load(source, NULL, l, err) : -1;
	if (rc == 0)
		rc = unpack(source, &l->image, dir, progress, err);
	if (rc == 0)
		rc = show(&l->image, dir, shown, err);
	if (rc == 0) {
		rc = !strcmp(spec->fs, "ext4") ? mkfs_ext4(&mkfs, err) : mkfs_erofs(&mkfs, err);
		overlay_unmount(shown);
	}
	image_load_free(l);
	return rc;
}

int pack_from_image(const struct pack_from *spec, const char *dir, const struct progress *progress,
	char image[PATH_MAX], struct err *err)
{
	if (tree_discard(dir, err) < 0 || dir_make(dir, err) < 0 ||
		path_join(image, dir, "rootfs", err) < 0)
		return -1;
	return make(spec, dir, progress, image, err) < 0 ? err_wrap(err, "--from %s", spec->from)
							 : 0;
}
