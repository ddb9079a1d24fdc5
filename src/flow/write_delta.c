/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/write_delta.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "flow/store.h"

int write_delta_cells(const struct write_delta *w, const char *path, struct err *err)
{
	struct slot base;
	struct stat st;

	if (!w->running)
		return err_set(
			err, OTA_CONFIG, "a delta needs the slot that runs, and it is not known");
	AUTO_FD fd = file_open_read(path, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	progress_step(w->progress, "write", (uint64_t)st.st_size);
	if (slot_open(&base, device_slot(w->d, w->running), SLOT_FOR_READING, err) < 0)
		return -1;
	const struct rebuild rebuild = {
		fd, path, &base, w->index, w->have, w->put, w->ctx, w->progress};
	int rc = rebuild_run(&rebuild, err);
	slot_close(&base);
	return rc;
}

static int is_gone(const struct write_delta *w, struct err *err)
{
	err_set(err, OTA_CORRUPT,
		"slot %c gives other bytes than it gave when the delta was fetched", w->running);
	return err_hint(err, "is it mounted read-write? what it lacks now: ota fetch");
}

static int put_whole(const struct write_delta *w, int fd, const struct frame *f,
	struct frame_decoder *decoder, struct err *err)
{
	struct err why;

	if (file_pread(fd, decoder->coded, f->coded_len, f->coded_offset, "a fetched frame", &why) <
			0 ||
		frame_decode(decoder, f, w->index->cell_bytes, &why) < 0)
		return is_gone(w, err);
	if (w->put(w->ctx, f, decoder->raw, err) < 0)
		return -1;
	frame_set_add(w->have, f);
	return 0;
}

/* There are few of them, where there are any: they come one after the other. */
static int put_rest(const struct write_delta *w, int fd, struct err *err)
{
	struct frame_decoder decoder = {0};
	struct frame f = {0};
	int rc = frame_decoder_init(&decoder, w->index->cell_bytes, err);

	while (rc == 0 && index_next(w->index, &f))
		if (!f.zeros && !frame_set_has(w->have, &f))
			rc = interrupt_check(err) < 0 ? -1 : put_whole(w, fd, &f, &decoder, err);
	frame_decoder_free(&decoder);
	return rc;
}

static bool is_whole(const struct write_delta *w)
{
	struct frame f = {0};

	while (index_next(w->index, &f))
		if (!f.zeros && !frame_set_has(w->have, &f))
			return false;
	return true;
}

int write_delta_stored(const struct write_delta *w, struct err *err)
{
	char path[PATH_MAX];

	if (store_delta_path(w->d->store, &w->image->layer.digest, path, err) < 0 ||
		write_delta_cells(w, path, err) < 0)
		return -1;
	if (is_whole(w))
		return 0;
	if (store_partial_path(w->d->store, &w->image->layer.digest, NULL, path, err) < 0)
		return -1;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? is_gone(w, err) : put_rest(w, fd, err);
}
