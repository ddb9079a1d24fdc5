/* SPDX-License-Identifier: Apache-2.0 */
/* check and fetch; install.h tells what they promise. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "flow/accept.h"
#include "flow/scan.h"
#include "flow/store.h"

/* Room for manifests, index and notes beside the layer itself. */
#define SMALL_BYTES (1u << 20)

int install_check(const struct device *d, struct source *source,
	const struct policy_options *options, struct install_result *result, struct err *err)
{
	AUTO_AUTHENTIC a = AUTHENTIC;
	struct situation s;

	situation_read(d, &s);
	if (accept_newer(d, &s, source, options, &a, err) < 0)
		return -1;
	accept_result(&a, result);
	return 0;
}

/* Does the store hold this very release, whole? */
static bool is_fetched(const struct device *d, const struct authentic *a)
{
	struct descriptor tagged;
	struct err none;

	return layout_tag_get(d->store, TAG_FETCHED, &tagged, &none) == 0 &&
	       digest_equal(&tagged.digest, &a->manifest.digest) &&
	       layout_blob_exists(d->store, &a->release.image);
}

static int open_partial(const char *path, uint64_t *found_bytes, struct err *err)
{
	AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	*found_bytes = (uint64_t)st.st_blocks * 512;
	return fd_take(&fd);
}

/* What was fetched before, or half fetched, and is not this release. */
static int make_room(const struct device *d, const struct digest *layer, struct err *err)
{
	store_sweep_partial(d->store, layer);
	return store_forget_fetched(d->store, err);
}

/* Before the first byte: does the rest of the layer fit? Other releases are given up only when it
 * does not. */
static int check_space(
	const struct device *d, const struct digest *layer, uint64_t need, struct err *err)
{
	uint64_t free_bytes = 0;

	need += SMALL_BYTES;
	if (dir_free_bytes(d->store, &free_bytes, err) < 0)
		return -1;
	if (free_bytes < need &&
		(make_room(d, layer, err) < 0 || dir_free_bytes(d->store, &free_bytes, err) < 0))
		return -1;
	if (free_bytes >= need)
		return 0;
	err_set(err, OTA_SPACE, "%s has %ju bytes free, and %ju are needed", d->store,
		(uintmax_t)free_bytes, (uintmax_t)need);
	return err_hint(err, "free some, or write without storing: ota write SOURCE");
}

struct partial {
	int fd;
	const char *path;
};

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

static int bring_layer(const struct device *d, struct source *source, struct authentic *a,
	const struct progress *progress, struct install_result *result, struct err *err)
{
	const struct descriptor *layer = &a->release.image;
	char partial[PATH_MAX], blob[PATH_MAX];
	uint64_t held_bytes = 0;
	AUTO_FRAME_SET have = {0};

	if (store_partial_path(d->store, &layer->digest, partial, err) < 0 ||
		layout_blob_path(d->store, &layer->digest, blob, err) < 0 ||
		frame_set_init(&have, &a->index, err) < 0)
		return -1;
	struct partial p = {open_partial(partial, &held_bytes, err), partial};
	AUTO_FD fd = p.fd;
	if (fd < 0)
		return -1;
	if (held_bytes > 0 && scan_layer(fd, &a->index, &have, NULL, err) < 0)
		return -1;
	result->found_bytes = frame_set_bytes(&have, &a->index);
	result->moved_bytes = layer->size - result->found_bytes;
	if (accept_cost(d, source, result->moved_bytes, err) < 0 ||
		check_space(d, &layer->digest, result->moved_bytes, err) < 0)
		return -1;
	progress_step(progress, "fetch", layer->size);
	const struct transfer transfer = {
		source, layer, &a->index, &have, put_coded, NULL, &p, progress};
	if (transfer_run(&transfer, err) < 0)
		return -1;
	progress_done(progress);
	if (check_layer(&p, layer, err) < 0)
		return -1;
	return file_publish_fd(fd, partial, blob, 0644, err);
}

static int fetch(const struct device *d, struct source *source, struct authentic *a,
	const struct progress *progress, struct install_result *result, struct err *err)
{
	const struct step step = {"fetch", '\0', a->release.version, &a->manifest.digest};

	if (hooks_before(&d->hooks, &step, err) < 0)
		return -1;
	if (authentic_load_index(source, a, err) < 0)
		return err_wrap(err, "%s", source_name(source));
	if (!layout_blob_exists(d->store, &a->release.image) &&
		bring_layer(d, source, a, progress, result, err) < 0)
		return err_wrap(err, "fetch release %s", a->release.version);
	if (store_keep(d->store, a, err) < 0)
		return -1;
	store_sweep_partial(d->store, NULL);
	hooks_after(&d->hooks, &step);
	return 0;
}

int install_fetch(const struct device *d, struct source *source,
	const struct policy_options *options, const struct progress *progress,
	struct install_result *result, struct err *err)
{
	AUTO_AUTHENTIC a = AUTHENTIC;
	AUTO_STORE store = STORE;
	struct situation s;

	situation_read(d, &s);
	if (situation_require(&s, err) < 0 || store_open(&store, d->store, "ota fetch", err) < 0 ||
		situation_settle(d, &s, true, err) < 0 ||
		accept_newer(d, &s, source, options, &a, err) < 0)
		return -1;
	accept_result(&a, result);
	result->already = is_fetched(d, &a);
	return result->already ? 0 : fetch(d, source, &a, progress, result, err);
}
