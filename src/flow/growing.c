/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/growing.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

/* The blob's file grows at its end alone, so its size tells how much is there. What a power cut
 * left in it is found when the blob is held against its digest. */
struct growing {
	struct source *source;
	const struct progress *progress;
	int fd;
	const char *path;
	uint64_t at;
};

static int grow(void *ctx, const void *data, size_t len, struct err *err)
{
	struct growing *g = ctx;

	if (file_pwrite(g->fd, data, len, g->at, g->path, err) < 0)
		return -1;
	g->at += len;
	progress_advance(g->progress, g->at);
	return 0;
}

static int open_blob(struct growing *g, const struct descriptor *d, struct err *err)
{
	struct stat st;

	g->fd = open(g->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (g->fd < 0 || fstat(g->fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", g->path);
	g->at = (uint64_t)st.st_size <= d->size ? (uint64_t)st.st_size : 0;
	return 0;
}

static int check_blob(const struct growing *g, const struct descriptor *delta, struct err *err)
{
	struct digest is;

	if (ftruncate(g->fd, (off_t)delta->size) < 0)
		return err_errno(err, OTA_IO, "%s", g->path);
	if (digest_of_file(g->fd, delta->size, g->path, &is, err) < 0)
		return -1;
	return digest_equal(&is, &delta->digest)
		       ? 0
		       : err_set(err, OTA_CORRUPT,
				 "the delta's bytes are not those that its manifest names");
}

/* What an earlier run left may be damaged; then all of it comes once more. */
static int load_blob(struct growing *g, const struct descriptor *delta, struct err *err)
{
	const struct sink sink = {grow, g};
	bool resumed = g->at > 0;

	progress_step(g->progress, "fetch delta", delta->size);
	if (g->at < delta->size &&
		source_stream(g->source, delta, g->at, delta->size - g->at, &sink, err) < 0)
		return -1;
	progress_done(g->progress);
	if (check_blob(g, delta, err) == 0)
		return 0;
	g->at = 0;
	if (err->code == OTA_CORRUPT && ftruncate(g->fd, 0) == 0 && resumed)
		return load_blob(g, delta, err);
	return -1;
}

int growing_bring(struct source *source, const struct descriptor *d, const char *path,
	const struct progress *progress, struct err *err)
{
	struct growing g = {.source = source, .progress = progress, .fd = -1, .path = path};
	int rc = open_blob(&g, d, err);

	if (rc == 0)
		rc = load_blob(&g, d, err);
	cleanup_fd(&g.fd);
	return rc;
}
