/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/bring_delta.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "flow/growing.h"
#include "flow/partial.h"
#include "flow/patch.h"
#include "flow/store.h"

int bring_delta_found(const struct bring *b, const struct image *image,
	const struct descriptor *delta, uint64_t *bytes, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;

	*bytes = 0;
	if (store_partial_path(b->d->store, &image->layer.digest, &delta->digest, path, err) < 0)
		return -1;
	if (stat(path, &st) == 0 && (uint64_t)st.st_size <= delta->size)
		*bytes = (uint64_t)st.st_size;
	return 0;
}

/* Which cells does it make? */
static int try_cells(const struct bring *b, const struct partial *p, const char *path,
	struct frame_set *made, struct err *err)
{
	AUTO_FD fd = file_open_read(path, err);
	struct slot base;
	struct stat st;

	if (fd < 0)
		return -1;
	const struct patch patch = {.fd = fd,
		.name = path,
		.base = &base,
		.index = &p->index.frames,
		.have = made,
		.progress = b->progress};

	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	if (frame_set_init(made, &p->index.frames, err) < 0 ||
		slot_open(&base, device_slot(b->d, b->running), SLOT_FOR_READING, err) < 0)
		return -1;
	progress_step(b->progress, "check delta", (uint64_t)st.st_size);
	int rc = patch_run(&patch, err);
	slot_close(&base);
	if (rc == 0)
		progress_done(b->progress);
	return rc;
}

/* Frames that the delta makes are not fetched, those of zeros never: `write` needs no bytes of
 * them. */
static int fill_rest(const struct bring *b, const struct image *image, struct partial *p,
	const struct frame_set *made, uint64_t *whole_bytes, struct err *err)
{
	struct frame f = {0};
	bool is_needed = false;

	frame_set_add_zeros(&p->have, &p->index.frames);
	*whole_bytes = 0;
	while (index_next(&p->index.frames, &f)) {
		bool is_made = frame_set_has(made, &f);
		is_needed = is_needed || (!f.zeros && !is_made);
		if (is_made)
			frame_set_add(&p->have, &f);
		else if (!frame_set_has(&p->have, &f))
			*whole_bytes += f.coded_len;
	}
	if (!is_needed)
		return file_remove(p->path, err);
	if (*whole_bytes &&
		(bring_check_room(b, *whole_bytes, err) < 0 || partial_fill(b, image, p, err) < 0))
		return -1;
	return fsync(p->fd) < 0 ? err_errno(err, OTA_IO, "sync %s", p->path) : 0;
}

int bring_delta_finish(const struct bring *b, const struct image *image, struct partial *p,
	const struct frame_set *made, const char *path, uint64_t *whole_bytes, struct err *err)
{
	const struct buf *index = &p->index.bytes;
	AUTO_FD fd = file_open_read(path, err);
	struct descriptor ignored;
	char name[PATH_MAX];

	/* the index has no name yet, and is gone where room had to be made */
	if (fd < 0 || fill_rest(b, image, p, made, whole_bytes, err) < 0 ||
		layout_blob_put(b->d->store, index->data, index->len, &ignored, err) < 0 ||
		store_delta_path(b->d->store, &image->layer.digest, name, err) < 0)
		return -1;
	return file_publish_fd(fd, path, name, 0644, err);
}

int bring_delta_blob(const struct bring *b, const struct image *image,
	const struct descriptor *delta, char path[PATH_MAX], struct err *err)
{
	if (store_partial_path(b->d->store, &image->layer.digest, &delta->digest, path, err) < 0)
		return -1;
	return growing_bring(b->source, delta, path, b->progress, err);
}

int bring_delta(const struct bring *b, const struct image *image, const struct descriptor *delta,
	uint64_t *whole_bytes, struct err *err)
{
	AUTO_PARTIAL p = PARTIAL;
	AUTO_FRAME_SET made = {0};
	char path[PATH_MAX];

	if (bring_delta_blob(b, image, delta, path, err) < 0 ||
		partial_open(b, image, &p, err) < 0 || try_cells(b, &p, path, &made, err) < 0)
		return -1;
	return bring_delta_finish(b, image, &p, &made, path, whole_bytes, err);
}
