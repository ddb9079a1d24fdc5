/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/origin.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "flow/store.h"
#include "flow/transfer.h"

#define CHUNK_BYTES 65536

void origin_close(struct origin *o)
{
	slot_view_close(&o->view);
	cleanup_source(&o->source);
	authentic_free(&o->a);
	cleanup_tree(&o->files);
}

/* --- from the image in the slot --- */

static int copy_all(struct origin *o, int in, int fd, const char *path, struct digest_state *hash,
	struct err *err)
{
	AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
	uint64_t at = 0;
	ssize_t n;

	if (!chunk)
		return err_set(err, OTA_FAILED, "out of memory");
	while ((n = read(in, chunk, CHUNK_BYTES)) != 0) {
		if (n < 0 && errno == EINTR && interrupt_check(err) == 0)
			continue;
		if (n < 0)
			return err_errno(err, OTA_IO, "read boot file %s", path);
		if (interrupt_check(err) < 0 || digest_add(hash, chunk, (size_t)n, err) < 0 ||
			file_pwrite(fd, chunk, (size_t)n, at, path, err) < 0)
			return -1;
		at += (uint64_t)n;
		o->done_bytes += (uint64_t)n;
		progress_advance(o->progress, o->done_bytes);
	}
	return 0;
}

static int fill_from_slot(
	void *ctx, int fd, const char *path, struct digest *digest, struct err *err)
{
	struct origin *o = ctx;
	AUTO_FD in = tree_open(o->view.root_fd, o->d->boot_files, o->files.files[o->at].path, err);
	AUTO_DIGEST *hash = digest_begin(err);

	if (in < 0 || !hash || copy_all(o, in, fd, path, hash, err) < 0)
		return -1;
	return digest_end(&hash, digest, err);
}

static int list_slot(struct origin *o, char slot, struct err *err)
{
	if (slot_view_open(&o->view, device_slot(o->d, slot), err) < 0)
		return -1;
	int rc = tree_list(o->view.root_fd, o->d->boot_files, &o->files, err);
	if (rc == 0 && o->files.n == 0)
		rc = err_set(err, OTA_CONFIG, "%s has no file", o->d->boot_files);
	if (rc < 0 && err->code == OTA_CONFIG)
		err_hint(err, "files = in [boot] names the folder of boot files inside an image");
	return rc < 0 ? err_wrap(err, "in slot %c", slot) : 0;
}

/* --- from the release --- */

struct filling {
	int fd;
	const char *path;
};

static int put_raw(
	void *ctx, const struct frame *f, const struct frame_decoder *decoder, struct err *err)
{
	const struct filling *to = ctx;

	return file_pwrite(to->fd, decoder->raw, f->raw_len, f->raw_offset, to->path, err);
}

static int fill_from_release(
	void *ctx, int fd, const char *path, struct digest *digest, struct err *err)
{
	struct origin *o = ctx;
	const struct image *image = &o->a.release.images[1 + o->at];
	AUTO_IMAGE_INDEX index = IMAGE_INDEX;
	AUTO_FRAME_SET have = {0};
	struct filling to = {fd, path};

	if (image_index_load(o->source, image, &index, err) < 0 ||
		frame_set_init(&have, &index.frames, err) < 0)
		return -1;
	frame_set_add_zeros(&have, &index.frames);
	const struct transfer transfer = {
		o->source, &image->layer, &index.frames, &have, put_raw, NULL, &to, NULL};
	if (transfer_run(&transfer, err) < 0)
		return -1;
	/* runs of zeros are what the file has where nothing is written, at its end too */
	if (ftruncate(fd, (off_t)image->raw_bytes) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	*digest = image->raw_digest;
	o->done_bytes += image->raw_bytes;
	progress_advance(o->progress, o->done_bytes);
	return 0;
}

/* The release by whatever tag the store has it, once its signatures are good. */
static int open_release(
	struct origin *o, const char *tag, const struct digest *content, struct err *err)
{
	AUTO_KEYRING *keyring = keyring_load(o->d->trust, err);

	if (!keyring)
		return -1;
	o->source = store_source(o->d->store, tag, err);
	if (!o->source || authentic_load(o->source, keyring, o->d->signers, &o->a, err) < 0)
		return -1;
	return digest_equal(&o->a.release.content, content)
		       ? 0
		       : err_set(err, OTA_NOTHING, "%s is another release", tag);
}

static int find_release(struct origin *o, const struct slot_record *r, struct err *err)
{
	static const char *const tags[] = {TAG_FETCHED, TAG_WRITTEN};

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		if (open_release(o, tags[i], &r->content, err) == 0)
			return 0;
		cleanup_source(&o->source);
		o->source = NULL;
		authentic_free(&o->a);
		o->a = (struct authentic)AUTHENTIC;
	}
	return err_set(err, OTA_CORRUPT,
		"the boot files of release %s are not in the store any more", r->version);
}

static int check_image(const struct origin *o, const struct image *image, struct err *err)
{
	AUTO_IMAGE_INDEX index = IMAGE_INDEX;
	AUTO_FD fd = layout_blob_open(o->d->store, &image->layer, err);
	struct digest is;

	if (fd < 0 || image_index_load(o->source, image, &index, err) < 0 ||
		digest_of_file(fd, image->layer.size, image->name, &is, err) < 0)
		return -1;
	if (digest_equal(&is, &image->layer.digest))
		return 0;
	return err_set(err, OTA_CORRUPT, "the store's copy of %s is damaged", image->name);
}

/* All of it is there, and sound, before anything on the boot partition is touched for it. What is
 * not is forgotten, so that it can be brought again. */
static int check_images(const struct origin *o, struct err *err)
{
	const struct release *release = &o->a.release;
	char path[PATH_MAX];
	struct err none;

	for (size_t i = 1; i < release->n_images; i++) {
		const struct image *image = &release->images[i];
		if (check_image(o, image, err) == 0)
			continue;
		if (err->code == OTA_CORRUPT &&
			layout_blob_path(o->d->store, &image->layer.digest, path, &none) == 0)
			unlink(path);
		return -1;
	}
	return 0;
}

static int list_release(struct origin *o, const struct slot_record *r, struct err *err)
{
	struct tree *files = &o->files;

	if (find_release(o, r, err) < 0 || check_images(o, err) < 0)
		return err->code == OTA_CORRUPT
			       ? err_hint(err, "bring them again: ota write --retry --downgrade "
					       "SOURCE")
			       : -1;
	const struct release *release = &o->a.release;
	files->files = calloc(release->n_images, sizeof(*files->files));
	if (!files->files)
		return err_set(err, OTA_FAILED, "out of memory");
	for (size_t i = 1; i < release->n_images; i++) {
		struct tree_file *f = &files->files[files->n++];
		strcpy(f->path, image_boot_path(&release->images[i]));
		f->size_bytes = release->images[i].raw_bytes;
	}
	return 0;
}

int origin_open(struct origin *o, char slot, const struct slot_record *r, struct err *err)
{
	o->fill = r->boot_in_release ? fill_from_release : fill_from_slot;
	return r->boot_in_release ? list_release(o, r, err) : list_slot(o, slot, err);
}
