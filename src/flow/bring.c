/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/bring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "flow/scan.h"
#include "flow/store.h"

/* Room for manifests, indexes and notes beside the layers themselves. */
#define SMALL_BYTES (1u << 20)

struct partial {
	int fd;
	char path[PATH_MAX];
	struct image_index index;
	struct frame_set have;
};

static void partial_close(struct partial *p)
{
	cleanup_fd(&p->fd);
	image_index_free(&p->index);
	cleanup_frame_set(&p->have);
}

#define PARTIAL                                                                                    \
	{                                                                                          \
		.fd = -1, .index = IMAGE_INDEX                                                     \
	}
#define AUTO_PARTIAL CLEANUP(partial_close) struct partial

static int open_partial(const char *path, bool dry, uint64_t *found_bytes, struct err *err)
{
	int flags = dry ? O_RDONLY : O_RDWR | O_CREAT;
	AUTO_FD fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	*found_bytes = (uint64_t)st.st_blocks * 512;
	return fd_take(&fd);
}

/* The index comes from the store where an earlier run, or the plan, has put it. */
static int load_index(const struct bring *b, const struct image *image, struct image_index *index,
	struct err *err)
{
	static const struct source_options no_options;
	char text[PATH_MAX + 8];
	struct descriptor ignored;

	snprintf(text, sizeof(text), "oci:%s", b->d->store);
	AUTO_SOURCE *store = source_open(text, &no_options, err);
	if (store && image_index_load(store, image, index, err) == 0)
		return 0;
	if (image_index_load(b->source, image, index, err) < 0)
		return err_wrap(err, "%s", source_name(b->source));
	return b->dry ? 0
		      : layout_blob_put(
				b->d->store, index->bytes.data, index->bytes.len, &ignored, err);
}

/* Opens what an earlier run has left of a layer, and finds in it what is sound. */
static int partial_open(
	const struct bring *b, const struct image *image, struct partial *p, struct err *err)
{
	uint64_t held_bytes = 0;

	if (load_index(b, image, &p->index, err) < 0 ||
		store_partial_path(b->d->store, &image->layer.digest, p->path, err) < 0 ||
		frame_set_init(&p->have, &p->index.frames, err) < 0)
		return -1;
	if (b->dry && access(p->path, F_OK) < 0)
		return 0;
	p->fd = open_partial(p->path, b->dry, &held_bytes, err);
	if (p->fd < 0)
		return -1;
	return held_bytes ? scan_layer(p->fd, &p->index.frames, &p->have, NULL, err) : 0;
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
		bool is_there = is_repeated(b, i) || layout_blob_exists(b->d->store, &image->layer);
		rc = is_there ? load_index(b, image, &index, err)
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

static int put_coded(
	void *ctx, const struct frame *f, const struct frame_decoder *decoder, struct err *err)
{
	const struct partial *p = ctx;

	return file_pwrite(p->fd, decoder->coded, f->coded_len, f->coded_offset, p->path, err);
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
	progress_step(b->progress, image == release_rootfs(b->release) ? "fetch" : "fetch boot",
		image->layer.size);
	const struct transfer transfer = {b->source, &image->layer, &p.index.frames, &p.have,
		put_coded, NULL, &p, b->progress};
	if (transfer_run(&transfer, err) < 0)
		return -1;
	progress_done(b->progress);
	if (check_layer(&p, &image->layer, err) < 0)
		return -1;
	return file_publish_fd(p.fd, p.path, blob, 0644, err);
}

int bring_run(const struct bring *b, struct err *err)
{
	for (size_t i = b->first; i < b->release->n_images; i++) {
		const struct image *image = &b->release->images[i];
		if (!layout_blob_exists(b->d->store, &image->layer) &&
			bring_image(b, image, err) < 0)
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
		if (!layout_blob_exists(d->store, &a->release.images[i].layer) ||
			!layout_blob_exists(d->store, &a->release.images[i].index))
			return false;
	return true;
}
