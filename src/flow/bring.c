/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/bring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "flow/bring_delta.h"
#include "flow/bring_reuse.h"
#include "flow/partial.h"
#include "flow/store.h"

/* Room for manifests, indexes and notes beside the layers themselves. */
#define SMALL_BYTES (1u << 20)

static bool is_stored(const struct device *d, const struct image *image)
{
	return layout_blob_exists(d->store, &image->layer) ||
	       store_has_delta(d->store, &image->layer.digest);
}

static int plan_image(const struct bring *b, const struct image *image,
	struct install_result *result, struct err *err)
{
	AUTO_PARTIAL p = PARTIAL;

	if (partial_open(b, image, &p, err) < 0)
		return -1;
	uint64_t found_bytes = frame_set_bytes(&p.have, &p.index.frames);
	result->found_bytes += found_bytes;
	result->moved_bytes += image->layer.size - found_bytes;
	if (image == release_rootfs(b->release))
		result->image_bytes = image->layer.size - found_bytes;
	return 0;
}

/* Boot files of the same bytes are one layer. */
static bool is_repeated(const struct bring *b, size_t i)
{
	const struct image *images = b->release->images;

	for (size_t k = b->first; k < i; k++)
		if (digest_equal(&images[k].layer.digest, &images[i].layer.digest))
			return true;
	return false;
}

int bring_plan(const struct bring *b, struct install_result *result, struct err *err)
{
	struct image_index index = IMAGE_INDEX;
	int rc = 0;

	for (size_t i = b->first; rc == 0 && i < b->release->n_images; i++) {
		const struct image *image = &b->release->images[i];
		bool is_there = is_repeated(b, i) || is_stored(b->d, image);
		rc = is_there ? partial_load_index(b, image, &index, err)
			      : plan_image(b, image, result, err);
	}
	image_index_free(&index);
	return rc;
}

/* What was fetched before, or half fetched, and is not this release. */
static int make_room(const struct bring *b, struct err *err)
{
	store_sweep_partial(b->d->store, b->release);
	return store_forget(b->d->store, TAG_FETCHED, err);
}

int bring_check_room(const struct bring *b, uint64_t bytes, struct err *err)
{
	const char *store = b->d->store;
	uint64_t free_bytes = 0, need = bytes + SMALL_BYTES;

	if (dir_free_bytes(store, &free_bytes, err) < 0)
		return -1;
	if (free_bytes < need &&
		(make_room(b, err) < 0 || dir_free_bytes(store, &free_bytes, err) < 0))
		return -1;
	if (free_bytes >= need)
		return 0;
	err_set(err, OTA_SPACE, "%s has %ju bytes free, and %ju are needed", store,
		(uintmax_t)free_bytes, (uintmax_t)need);
	return err_hint(err, "free some, or write without storing: ota write SOURCE");
}

/* The layer as a whole must be what its name says: frames that decode alike can be coded
 * differently. One that is not is removed, since no later run could mend it. */
static int check_layer(const struct partial *p, const struct descriptor *layer, struct err *err)
{
	struct digest digest;

	if (ftruncate(p->fd, (off_t)layer->size) < 0)
		return err_errno(err, OTA_IO, "%s", p->path);
	if (digest_of_file(p->fd, layer->size, p->path, &digest, err) < 0)
		return -1;
	if (digest_equal(&digest, &layer->digest))
		return 0;
	unlink(p->path);
	return err_set(err, OTA_CORRUPT, "the layer's bytes are not those that the manifest names");
}

static int bring_image(const struct bring *b, const struct image *image, struct err *err)
{
	AUTO_PARTIAL p = PARTIAL;
	char blob[PATH_MAX];

	if (partial_open(b, image, &p, err) < 0 ||
		layout_blob_path(b->d->store, &image->layer.digest, blob, err) < 0)
		return -1;
	if (partial_fill(b, image, &p, err) < 0 || check_layer(&p, &image->layer, err) < 0)
		return -1;
	return file_publish_fd(p.fd, p.path, blob, 0644, err);
}

static int bring_one(const struct bring *b, const struct image *image,
	struct install_result *result, struct err *err)
{
	bool other_way = b->way && b->way->kind != WAY_IMAGE && image == release_rootfs(b->release);

	if (!other_way)
		return bring_image(b, image, err);
	int rc = b->way->kind == WAY_DELTA
			 ? bring_delta(b, image, &b->way->delta, &result->whole_bytes, err)
			 : bring_reuse(b, image, b->way->reuse, &result->whole_bytes, err);
	if (rc < 0)
		return -1;
	result->moved_bytes += result->whole_bytes;
	return 0;
}

int bring_run(const struct bring *b, struct install_result *result, struct err *err)
{
	for (size_t i = b->first; i < b->release->n_images; i++) {
		const struct image *image = &b->release->images[i];
		if (!is_stored(b->d, image) && bring_one(b, image, result, err) < 0)
			return -1;
	}
	return 0;
}

bool bring_is_done(const struct device *d, const struct authentic *a)
{
	struct descriptor tagged;
	struct err none;

	if (layout_tag_get(d->store, TAG_FETCHED, &tagged, &none) < 0 ||
		!digest_equal(&tagged.digest, &a->manifest.digest))
		return false;
	for (size_t i = 0; i < a->release.n_images; i++)
		if (!is_stored(d, &a->release.images[i]) ||
			!layout_blob_exists(d->store, &a->release.images[i].index))
			return false;
	return true;
}
