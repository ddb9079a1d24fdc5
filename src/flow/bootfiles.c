/* SPDX-License-Identifier: Apache-2.0 */
/* bootfiles; bootfiles.h and boot.h tell what it promises. */
#include "flow/bootfiles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "boot/bootset.h"
#include "flow/transfer.h"
#include "slot/slot.h"
#include "slot/view.h"

#define CHUNK_BYTES 65536

/* Where the files come from: a look into the slot, or the store's copy of the release. */
struct origin {
	const struct device *d;
	struct slot_view view;
	struct source *source;
	struct authentic a;
	const struct tree *files;
	size_t at; /* of the file that is being written */
	const struct progress *progress;
	uint64_t done_bytes;
};

#define ORIGIN(device)                                                                             \
	{                                                                                          \
		.d = (device), .view = SLOT_VIEW, .a = AUTHENTIC                                   \
	}

static void origin_close(struct origin *o)
{
	slot_view_close(&o->view);
	cleanup_source(&o->source);
	authentic_free(&o->a);
}

#define AUTO_ORIGIN CLEANUP(origin_close) struct origin

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
	AUTO_FD in = tree_open(o->view.root_fd, o->d->boot_files, o->files->files[o->at].path, err);
	AUTO_DIGEST *hash = digest_begin(err);

	if (in < 0 || !hash || copy_all(o, in, fd, path, hash, err) < 0)
		return -1;
	return digest_end(&hash, digest, err);
}

static int list_slot(struct origin *o, char slot, struct tree *files, struct err *err)
{
	if (slot_view_open(&o->view, device_slot(o->d, slot), err) < 0)
		return -1;
	int rc = tree_list(o->view.root_fd, o->d->boot_files, files, err);
	if (rc == 0 && files->n == 0)
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
	/* runs of zeros are what the file has where nothing is written */
	if (ftruncate(fd, (off_t)image->raw_bytes) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	frame_set_add_zeros(&have, &index.frames);
	const struct transfer transfer = {
		o->source, &image->layer, &index.frames, &have, put_raw, NULL, &to, NULL};
	if (transfer_run(&transfer, err) < 0)
		return -1;
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
	err_set(err, OTA_CORRUPT, "the boot files of release %s are not in the store any more",
		r->version);
	return err_hint(err, "bring them again: ota fetch --retry --downgrade SOURCE");
}

static int list_release(
	struct origin *o, const struct slot_record *r, struct tree *files, struct err *err)
{
	if (find_release(o, r, err) < 0)
		return -1;
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

/* --- both --- */

/* A boot partition that is not mounted leaves its mount point, in the root file system. */
static int check_target(const struct device *d, struct err *err)
{
	struct stat target, slot;

	if (stat(d->boot_target, &target) < 0) {
		err_errno(err, errno == ENOENT ? OTA_CONFIG : OTA_IO, "%s", d->boot_target);
		return err_hint(err, "is the boot partition mounted? target = in [boot] names a "
				     "folder on it");
	}
	for (size_t i = 0; i < ARRAY_LEN(d->slots); i++)
		if (stat(d->slots[i], &slot) == 0 && S_ISBLK(slot.st_mode) &&
			slot.st_rdev == target.st_dev) {
			err_set(err, OTA_CONFIG, "%s lies in slot %c, not on the boot partition",
				d->boot_target, (char)('a' + i));
			return err_hint(err, "mount the boot partition first");
		}
	return 0;
}

static int write_set(struct origin *o, char slot, const struct digest *content, bootset_fill *fill,
	struct err *err)
{
	AUTO_BOOTSET set = BOOTSET;
	uint64_t total_bytes = 0;

	for (size_t i = 0; i < o->files->n; i++)
		total_bytes += o->files->files[i].size_bytes;
	if (bootset_check_names(o->files, err) < 0 ||
		bootset_check_room(o->d->boot_target, slot, o->files, err) < 0)
		return -1;
	progress_step(o->progress, "boot files", total_bytes);
	if (bootset_begin(&set, o->d->boot_target, slot, content, err) < 0)
		return -1;
	for (o->at = 0; o->at < o->files->n; o->at++)
		if (bootset_add(&set, o->files->files[o->at].path, fill, o, err) < 0)
			return -1;
	progress_done(o->progress);
	return bootset_end(&set, err);
}

static int make(struct turn *t, char slot, const struct progress *progress, struct err *err)
{
	const struct slot_record *r = situation_slot(&t->s, slot);
	AUTO_ORIGIN o = ORIGIN(t->d);
	AUTO_TREE files = {0};

	o.files = &files;
	o.progress = progress;
	if (check_target(t->d, err) < 0)
		return -1;
	int rc = r->boot_in_release ? list_release(&o, r, &files, err)
				    : list_slot(&o, slot, &files, err);
	if (rc < 0)
		return -1;
	return write_set(&o, slot, &r->content,
		r->boot_in_release ? fill_from_release : fill_from_slot, err);
}

static int check_slot(const struct turn *t, char slot, struct err *err)
{
	enum slot_state state = t->s.slots[slot - 'a'].state;

	if (slot == t->s.running)
		return err_set(err, OTA_BUSY, "slot %c is the one that runs", slot);
	if (state == SLOT_PROVED || state == SLOT_GOOD)
		return 0;
	err_set(err, OTA_FAILED, "slot %c is %s, and only a proved slot gives boot files", slot,
		slot_state_name(state));
	return err_hint(err, "write a release into it first: ota write");
}

int boot_files(const struct device *d, char slot, const struct progress *progress,
	struct boot_result *result, struct err *err)
{
	AUTO_TURN t = TURN(d);
	bool made;

	if (!d->boot_files[0])
		return err_set(
			err, OTA_NOTHING, "this device has no boot files: files = in [boot]");
	if ((slot ? turn_begin_factory(&t, "ota bootfiles", err)
		  : turn_begin(&t, "ota bootfiles", err)) < 0)
		return -1;
	if (!slot)
		slot = slot_other(t.s.running);
	if (check_slot(&t, slot, err) < 0 || bootfiles_ensure(&t, slot, progress, &made, err) < 0)
		return -1;
	*result = (struct boot_result){.slot = slot, .already = !made};
	strcpy(result->version, situation_slot(&t.s, slot)->version);
	return 0;
}

int bootfiles_check(const struct turn *t, char slot, struct err *err)
{
	const struct slot_record *r = &t->s.slots[slot - 'a'];

	if (!t->d->boot_files[0])
		return 0;
	int rc = bootset_check(t->d->boot_target, slot, r->has_digest ? &r->content : NULL, err);
	return rc < 0 && err->code == OTA_NOTHING && !r->has_digest ? 0 : rc;
}

int bootfiles_ensure(
	struct turn *t, char slot, const struct progress *progress, bool *made, struct err *err)
{
	struct err why;

	*made = false;
	if (bootfiles_check(t, slot, &why) == 0)
		return 0;
	*made = true;
	if (turn_prove(t, slot, progress, err) < 0 || make(t, slot, progress, err) < 0 ||
		bootfiles_check(t, slot, err) < 0)
		return err_wrap(err, "boot files of slot %c", slot);
	return 0;
}
