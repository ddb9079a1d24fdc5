/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/partial.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "flow/scan.h"
#include "flow/store.h"

void partial_close(struct partial *p)
{
	cleanup_fd(&p->fd);
	image_index_free(&p->index);
	cleanup_frame_set(&p->have);
}

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

int partial_load_index(const struct bring *b, const struct image *image, struct image_index *index,
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

int partial_open(
	const struct bring *b, const struct image *image, struct partial *p, struct err *err)
{
	uint64_t held_bytes = 0;

	if (partial_load_index(b, image, &p->index, err) < 0 ||
		store_partial_path(b->d->store, &image->layer.digest, NULL, p->path, err) < 0 ||
		frame_set_init(&p->have, &p->index.frames, err) < 0)
		return -1;
	if (b->dry && access(p->path, F_OK) < 0)
		return 0;
	p->fd = open_partial(p->path, b->dry, &held_bytes, err);
	if (p->fd < 0)
		return -1;
	return held_bytes ? scan_layer(p->fd, &p->index.frames, &p->have, NULL, err) : 0;
}

static int put_coded(
	void *ctx, const struct frame *f, const struct frame_decoder *decoder, struct err *err)
{
	const struct partial *p = ctx;

	return file_pwrite(p->fd, decoder->coded, f->coded_len, f->coded_offset, p->path, err);
}

int partial_fill(
	const struct bring *b, const struct image *image, struct partial *p, struct err *err)
{
	const struct transfer transfer = {b->source, &image->layer, &p->index.frames, &p->have,
		put_coded, NULL, p, b->progress};

	progress_step(b->progress, image == release_rootfs(b->release) ? "fetch" : "fetch boot",
		image->layer.size);
	if (transfer_run(&transfer, err) < 0)
		return -1;
	progress_done(b->progress);
	return 0;
}
