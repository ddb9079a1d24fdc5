/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "oci/unpacker.h"

#define BLOCK 4096 /* a block of zeros becomes a hole */

struct output {
	int fd;
	char path[PATH_MAX];
	uint64_t size_bytes;
	uint64_t told;    /* up to there the pieces went */
	uint64_t written; /* and the last byte that is no hole */
};

static int open_new(const struct place *place)
{
	return openat(
		place->fd, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static int create(struct unpacker *u, const struct place *place, struct err *err)
{
	bool hides;
	int fd = open_new(place);

	if (fd < 0 && errno == EEXIST) {
		if (unpack_clear(u, place, false, &hides, err) < 0)
			return -1;
		fd = open_new(place);
	}
	return fd < 0 ? err_errno(err, OTA_IO, "make a file") : fd;
}

/* How many bytes from the begin on are blocks of zeros, or are none. A block that came only in part
 * counts too: what is never written is zero. */
static size_t run_of(const char *data, size_t len, uint64_t offset, bool *hole)
{
	size_t n = 0;

	*hole = false;
	while (n < len) {
		size_t step = BLOCK - (size_t)((offset + n) % BLOCK);
		if (step > len - n)
			step = len - n;
		bool zero = mem_is_zero(data + n, step);
		if (n && zero != *hole)
			break;
		*hole = zero;
		n += step;
	}
	return n;
}

static int write_piece(
	struct unpacker *u, struct output *out, const struct archive_piece *piece, struct err *err)
{
	const char *data = piece->data;
	bool hole;

	if (piece->offset < out->told || piece->offset > out->size_bytes ||
		piece->len > out->size_bytes - piece->offset)
		return err_set(err, OTA_CORRUPT, "its pieces overlap, or go past its end");
	out->told = piece->offset + piece->len;
	for (size_t done = 0, n; done < piece->len; done += n) {
		uint64_t offset = piece->offset + done;
		n = run_of(data + done, piece->len - done, offset, &hole);
		if (hole)
			continue;
		if (unpack_charge_bytes(u, n, err) < 0 ||
			file_pwrite(out->fd, data + done, n, offset, "write", err) < 0)
			return -1;
		out->written = offset + n;
	}
	return 0;
}

static int tell_content(struct unpacker *u, const struct output *out,
	const struct archive_piece *piece, struct err *err)
{
	bool cut = false;

	if (!u->spec->content || piece->len == 0)
		return 0;
	if (archive_cut(u->reader, &cut, err) < 0)
		return -1;
	return cut ? u->spec->content(
			     u->spec->ctx, out->path, piece->offset, piece->data, piece->len, err)
		   : 0;
}

static int write_all(struct unpacker *u, struct output *out, struct err *err)
{
	struct archive_piece piece;
	bool more;

	for (;;) {
		if (interrupt_check(err) < 0 || archive_data(u->reader, &piece, &more, err) < 0)
			return -1;
		if (!more)
			break;
		if (write_piece(u, out, &piece, err) < 0 || tell_content(u, out, &piece, err) < 0)
			return -1;
	}
	if (out->written != out->size_bytes && ftruncate(out->fd, (off_t)out->size_bytes) < 0)
		return err_errno(err, OTA_IO, "a file of that size");
	return 0;
}

int unpack_file(struct unpacker *u, const struct archive_item *item, const struct place *place,
	struct err *err)
{
	struct output out = {.size_bytes = item->size_bytes};

	if (unpack_path_join(out.path, place->folder, place->name, err) < 0)
		return -1;
	AUTO_FD fd = create(u, place, err);
	if (fd < 0)
		return -1;
	out.fd = fd;
	return write_all(u, &out, err) < 0 ? -1 : unpack_meta(u, item, fd, place, err);
}
