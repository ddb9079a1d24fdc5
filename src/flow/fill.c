/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/fill.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "flow/bring.h"
#include "flow/bring_delta.h"
#include "flow/patch.h"
#include "flow/store.h"

/* Runs of zeros need no bytes from the source. */
static int write_zeros(const struct fill *fill, struct err *err)
{
	struct frame f = {0};

	while (index_next(fill->index, &f)) {
		if (!f.zeros || frame_set_has(fill->have, &f))
			continue;
		if (slot_zero(fill->slot, f.raw_offset, f.raw_len, err) < 0)
			return -1;
		frame_set_add(fill->have, &f);
	}
	return 0;
}

static int put_cell(void *ctx, const struct frame *f, const uint8_t *raw, struct err *err)
{
	const struct fill *fill = ctx;

	return slot_write(fill->slot, raw, f->raw_len, f->raw_offset, err);
}

static int put_decoded(
	void *ctx, const struct frame *f, const struct frame_decoder *decoder, struct err *err)
{
	return put_cell(ctx, f, decoder->raw, err);
}

/* --- from the frames of its layer --- */

static int fill_from_layer(const struct fill *fill, struct err *err)
{
	const struct descriptor *layer = &release_rootfs(fill->release)->layer;
	const struct transfer transfer = {fill->source, layer, fill->index, fill->have, put_decoded,
		NULL, (void *)fill, fill->progress};

	progress_step(fill->progress, "write", layer->size);
	return transfer_run(&transfer, err);
}

/* --- by a delta --- */

static int make_cells(const struct fill *fill, const char *path, struct err *err)
{
	struct slot base;
	struct stat st;

	if (!fill->running)
		return err_set(
			err, OTA_CONFIG, "a delta needs the slot that runs, and it is not known");
	AUTO_FD fd = file_open_read(path, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	progress_step(fill->progress, "write", (uint64_t)st.st_size);
	if (slot_open(&base, device_slot(fill->d, fill->running), SLOT_FOR_READING, err) < 0)
		return -1;
	const struct patch patch = {
		fd, path, &base, fill->index, fill->have, put_cell, (void *)fill, fill->progress};
	int rc = patch_run(&patch, err);
	slot_close(&base);
	return rc;
}

static int is_gone(const struct fill *fill, struct err *err)
{
	err_set(err, OTA_CORRUPT,
		"slot %c gives other bytes than it gave when the delta was fetched", fill->running);
	return err_hint(err, "is it mounted read-write? what it lacks now: ota fetch");
}

static int put_whole(const struct fill *fill, int fd, const struct frame *f,
	struct frame_decoder *decoder, struct err *err)
{
	struct err why;

	if (file_pread(fd, decoder->coded, f->coded_len, f->coded_offset, "a fetched frame", &why) <
			0 ||
		frame_decode(decoder, f, fill->index->cell_bytes, &why) < 0)
		return is_gone(fill, err);
	if (put_cell((void *)fill, f, decoder->raw, err) < 0)
		return -1;
	frame_set_add(fill->have, f);
	return 0;
}

/* There are few of them, where there are any: they come one after the other. */
static int put_rest(const struct fill *fill, int fd, struct err *err)
{
	struct frame_decoder decoder = {0};
	struct frame f = {0};
	int rc = frame_decoder_init(&decoder, fill->index->cell_bytes, err);

	while (rc == 0 && index_next(fill->index, &f))
		if (!f.zeros && !frame_set_has(fill->have, &f))
			rc = interrupt_check(err) < 0 ? -1 : put_whole(fill, fd, &f, &decoder, err);
	frame_decoder_free(&decoder);
	return rc;
}

static bool is_whole(const struct fill *fill)
{
	struct frame f = {0};

	while (index_next(fill->index, &f))
		if (!f.zeros && !frame_set_has(fill->have, &f))
			return false;
	return true;
}

static int fill_from_stored_delta(const struct fill *fill, struct err *err)
{
	char path[PATH_MAX];

	if (store_delta_path(
		    fill->d->store, &release_rootfs(fill->release)->layer.digest, path, err) < 0 ||
		make_cells(fill, path, err) < 0)
		return -1;
	if (is_whole(fill))
		return 0;
	if (store_partial_path(fill->d->store, &release_rootfs(fill->release)->layer.digest, NULL,
		    path, err) < 0)
		return -1;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? is_gone(fill, err) : put_rest(fill, fd, err);
}

/* The delta comes into the store, and goes once it is used; cells that it does not make come whole.
 */
static int fill_by_delta(const struct fill *fill, struct err *err)
{
	const struct bring b = {.d = fill->d,
		.source = fill->source,
		.release = fill->release,
		.progress = fill->progress};
	char path[PATH_MAX];

	if (bring_delta_blob(&b, release_rootfs(fill->release), &fill->way->delta, path, err) < 0 ||
		make_cells(fill, path, err) < 0 || fill_from_layer(fill, err) < 0)
		return -1;
	return file_remove(path, err);
}

static int fill_cells(const struct fill *fill, struct err *err)
{
	if (fill->stored &&
		store_has_delta(fill->d->store, &release_rootfs(fill->release)->layer.digest))
		return fill_from_stored_delta(fill, err);
	return fill->way->kind == WAY_DELTA ? fill_by_delta(fill, err) : fill_from_layer(fill, err);
}

int fill_slot(const struct fill *fill, struct err *err)
{
	if (write_zeros(fill, err) < 0 || fill_cells(fill, err) < 0 ||
		slot_sync(fill->slot, err) < 0)
		return -1;
	progress_done(fill->progress);
	return 0;
}
