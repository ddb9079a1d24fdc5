/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/fill.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "flow/bring.h"
#include "flow/bring_delta.h"
#include "flow/patch.h"
#include "flow/prove.h"
#include "flow/scan.h"
#include "flow/store.h"
#include "flow/transfer.h"

int fill_find(
	struct slot *slot, const struct frame_index *index, struct frame_set *have, struct err *err)
{
	if (slot_sync(slot, err) < 0)
		return -1;
	return scan_slot(slot, index, have, NULL, err);
}

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

/* Each stretch of frames that will be written, at once. */
static int reserve(const struct fill *fill, struct err *err)
{
	struct frame f = {0};
	uint64_t begin = 0, end = 0;

	while (index_next(fill->index, &f)) {
		if (frame_set_has(fill->have, &f))
			continue;
		if (f.raw_offset != end) {
			if (end > begin && slot_reserve(fill->slot, begin, end - begin, err) < 0)
				return -1;
			begin = f.raw_offset;
		}
		end = f.raw_offset + f.raw_len;
	}
	return end > begin ? slot_reserve(fill->slot, begin, end - begin, err) : 0;
}

struct filling {
	const struct fill *fill;
	struct proof *proof;
};

static int put_cell(void *ctx, const struct frame *f, const uint8_t *raw, struct err *err)
{
	struct filling *filling = ctx;

	if (slot_write(filling->fill->slot, raw, (size_t)f->raw_len, f->raw_offset, err) < 0)
		return -1;
	return proof_add(filling->proof, f, err);
}

static int put_decoded(
	void *ctx, const struct frame *f, const struct frame_decoder *decoder, struct err *err)
{
	return put_cell(ctx, f, decoder->raw, err);
}

/* --- from the frames of its layer --- */

static int fill_from_layer(struct filling *filling, struct err *err)
{
	const struct fill *fill = filling->fill;
	const struct descriptor *layer = &release_rootfs(fill->release)->layer;
	const struct transfer transfer = {fill->source, layer, fill->index, fill->have, put_decoded,
		NULL, filling, fill->progress};

	progress_step(fill->progress, "write", layer->size);
	return transfer_run(&transfer, err);
}

/* --- by a delta --- */

static int make_cells(struct filling *filling, const char *path, struct err *err)
{
	const struct fill *fill = filling->fill;
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
		fd, path, &base, fill->index, fill->have, put_cell, filling, fill->progress};
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

static int put_whole(struct filling *filling, int fd, const struct frame *f,
	struct frame_decoder *decoder, struct err *err)
{
	const struct fill *fill = filling->fill;
	struct err why;

	if (file_pread(fd, decoder->coded, f->coded_len, f->coded_offset, "a fetched frame", &why) <
			0 ||
		frame_decode(decoder, f, fill->index->cell_bytes, &why) < 0)
		return is_gone(fill, err);
	if (put_decoded(filling, f, decoder, err) < 0)
		return -1;
	frame_set_add(fill->have, f);
	return 0;
}

/* There are few of them, where there are any: they come one after the other. */
static int put_rest(struct filling *filling, int fd, struct err *err)
{
	const struct fill *fill = filling->fill;
	AUTO_FREE uint8_t *coded = coded_alloc(err);
	struct decoder_rack rack;
	struct frame f = {0};

	if (!coded)
		return -1;
	int rc = decoder_rack_init(&rack, 1, fill->index->cell_bytes, err);
	struct frame_decoder *decoder = rc == 0 ? decoder_take(&rack, coded) : NULL;
	while (rc == 0 && index_next(fill->index, &f))
		if (!f.zeros && !frame_set_has(fill->have, &f))
			rc = interrupt_check(err) < 0 ? -1
						      : put_whole(filling, fd, &f, decoder, err);
	if (decoder)
		decoder_give(&rack, decoder);
	decoder_rack_free(&rack);
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

static int fill_from_stored_delta(struct filling *filling, struct err *err)
{
	const struct fill *fill = filling->fill;
	char path[PATH_MAX];

	if (store_delta_path(
		    fill->d->store, &release_rootfs(fill->release)->layer.digest, path, err) < 0 ||
		make_cells(filling, path, err) < 0)
		return -1;
	if (is_whole(fill))
		return 0;
	if (store_partial_path(fill->d->store, &release_rootfs(fill->release)->layer.digest, NULL,
		    path, err) < 0)
		return -1;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? is_gone(fill, err) : put_rest(filling, fd, err);
}

/* Only what a delta does can be mended by the frames in its place: a slot that fails cannot. */
static bool is_no_good(struct filling *filling, const struct err *err)
{
	return (err->code == OTA_CORRUPT || err->code == OTA_REFUSED) &&
	       !proof_has_failed(filling->proof);
}

static void tell_no_good(const struct fill *fill, const struct err *err)
{
	struct install_result *result = fill->result;
	char reason[sizeof(result->reason)];

	snprintf(reason, sizeof(reason), "%.128s failed: %.200s", result->reason, err->msg);
	strcpy(result->reason, reason);
	result->way = WAY_IMAGE;
	result->moved_bytes += release_rootfs(fill->release)->layer.size -
			       frame_set_bytes(fill->have, fill->index);
}

/* The delta comes into the store, and goes once it is used; cells that it does not make come whole.
 * So do all that are missing where it is no good, within the same budget. */
static int fill_by_delta(struct filling *filling, struct err *err)
{
	const struct fill *fill = filling->fill;
	const struct bring b = {.d = fill->d,
		.source = fill->source,
		.release = fill->release,
		.progress = fill->progress};
	char path[PATH_MAX];

	if (bring_delta_blob(&b, release_rootfs(fill->release), &fill->way->delta, path, err) < 0 ||
		make_cells(filling, path, err) < 0) {
		if (!is_no_good(filling, err))
			return -1;
		tell_no_good(fill, err);
	}
	return fill_from_layer(filling, err) < 0 ? -1 : file_remove(path, err);
}

static int fill_cells(struct filling *filling, struct err *err)
{
	const struct fill *fill = filling->fill;

	if (fill->stored &&
		store_has_delta(fill->d->store, &release_rootfs(fill->release)->layer.digest))
		return fill_from_stored_delta(filling, err);
	return fill->way->kind == WAY_DELTA ? fill_by_delta(filling, err)
					    : fill_from_layer(filling, err);
}

int fill_run(const struct fill *fill, bool *slot_failed, struct err *err)
{
	AUTO_PROOF *proof = proof_begin(fill->slot, fill->index, fill->have, err);
	struct filling filling = {fill, proof};

	if (!proof)
		return -1;
	if (write_zeros(fill, err) < 0 || reserve(fill, err) < 0)
		return -1;
	if (fill_cells(&filling, err) < 0) {
		*slot_failed = proof_has_failed(proof);
		return -1;
	}
	progress_done(fill->progress);
	*slot_failed = proof_end(proof, fill->progress, err) < 0;
	return *slot_failed ? -1 : 0;
}
