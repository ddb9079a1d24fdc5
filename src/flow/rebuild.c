/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/rebuild.h"

#include <unistd.h>

#include "base/file.h"
#include "flow/transfer.h"

struct target {
	int fd;
	const char *name;
};

/* Zeros are holes already. */
static int put(void *ctx, const struct frame *f, const struct frame_decoder *d, struct err *err)
{
	const struct target *t = ctx;

	if (f->zeros)
		return 0;
	return file_pwrite(t->fd, d->raw, f->raw_len, f->raw_offset, t->name, err);
}

int rebuild_file(const char *dir, struct err *err)
{
	char path[PATH_MAX], name[PATH_MAX];

	if (path_join(path, dir, "image", err) < 0)
		return -1;
	int fd = file_temp(path, name, err);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static int check_whole(int fd, const struct image *image, struct err *err)
{
	struct digest is;

	if (digest_of_file(fd, image->raw_bytes, image->name, &is, err) < 0)
		return -1;
	if (digest_equal(&is, &image->raw_digest))
		return 0;
	return err_set(
		err, OTA_CORRUPT, "the hash of image %s is not the one in the config", image->name);
}

int rebuild_image(struct source *source, const struct image *image, const char *dir,
	struct image_index *index, const struct progress *progress, struct err *err)
{
	AUTO_FRAME_SET have = {0};
	AUTO_FD fd = rebuild_file(dir, err);
	struct target target = {fd, dir};
	const struct transfer transfer = {
		source, &image->layer, &index->frames, &have, put, NULL, &target, progress};

	if (fd < 0 || image_index_load(source, image, index, err) < 0 ||
		frame_set_init(&have, &index->frames, err) < 0)
		return -1;
	if (ftruncate(fd, (off_t)image->raw_bytes) < 0)
		return err_errno(err, OTA_IO, "%s: %ju bytes", dir, (uintmax_t)image->raw_bytes);
	progress_step(progress, "unpack", image->layer.size);
	if (transfer_run(&transfer, err) < 0)
		return -1;
	progress_done(progress);
	return check_whole(fd, image, err) < 0 ? -1 : fd_take(&fd);
}
