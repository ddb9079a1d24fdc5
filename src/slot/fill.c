/* SPDX-License-Identifier: Apache-2.0 */
/* How bytes get into a slot: large pieces past the page cache, and as few zeros as can be. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/file.h"
#include "base/mem.h"
#include "slot/slot.h"

#define CHUNK_BYTES (256u << 10)

int slot_reserve(struct slot *s, uint64_t offset, uint64_t len, struct err *err)
{
	if (s->is_block || fallocate(s->fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len) == 0)
		return 0;
	return errno == ENOSPC ? err_errno(err, OTA_SPACE, "%s", s->path) : 0;
}

static int write_cached(
	struct slot *s, const void *data, size_t len, uint64_t offset, struct err *err)
{
	if (file_pwrite(s->fd, data, len, offset, s->path, err) < 0)
		return -1;
	/* a hint only: the disk starts now, slot_sync() waits and tells of errors */
	sync_file_range(s->fd, (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);
	return 0;
}

/* Writes as much as is whole blocks; returns how much that was, 0 where it does not work here. */
static size_t write_direct(struct slot *s, const void *data, size_t len, uint64_t offset)
{
	size_t whole = len - len % SLOT_ALIGN;

	if (s->no_direct_writes || !whole || offset % SLOT_ALIGN || (uintptr_t)data % SLOT_ALIGN)
		return 0;
	ssize_t n = pwrite(s->direct_fd, data, whole, (off_t)offset);
	if (n < 0 && errno == EINVAL)
		s->no_direct_writes = true;
	/* of an error, and of what came short, the usual way tells more */
	return n < 0 ? 0 : (size_t)n;
}

static int write_data(
	struct slot *s, const char *data, size_t len, uint64_t offset, struct err *err)
{
	size_t done = write_direct(s, data, len, offset);

	return done == len ? 0 : write_cached(s, data + done, len - done, offset + done, err);
}

static bool make_hole(struct slot *s, uint64_t offset, uint64_t len)
{
	if (s->no_holes)
		return false;
	if (fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		    (off_t)len) == 0)
		return true;
	s->no_holes = true;
	return false;
}

static size_t zero_blocks(const char *data, size_t len)
{
	size_t at = 0;

	while (at + SLOT_ALIGN <= len && mem_is_zero(data + at, SLOT_ALIGN))
		at += SLOT_ALIGN;
	return at;
}

/* The bytes before the next run of zeros that is worth a hole; how long that is goes to *zeros. */
static size_t data_before_hole(const char *data, size_t len, size_t *zeros)
{
	size_t at = 0;

	for (*zeros = 0; at < len; at += *zeros ? *zeros : SLOT_ALIGN) {
		*zeros = zero_blocks(data + at, len - at);
		if (*zeros >= SLOT_HOLE_MIN)
			return at;
	}
	*zeros = 0;
	return len;
}

int slot_write(struct slot *s, const void *data, size_t len, uint64_t offset, struct err *err)
{
	const char *bytes = data;
	size_t zeros;

	if (s->no_holes || offset % SLOT_ALIGN)
		return write_data(s, data, len, offset, err);
	for (size_t at = 0; at < len;) {
		size_t n = data_before_hole(bytes + at, len - at, &zeros);
		if (n && write_data(s, bytes + at, n, offset + at, err) < 0)
			return -1;
		at += n;
		if (zeros && !make_hole(s, offset + at, zeros) &&
			write_data(s, bytes + at, zeros, offset + at, err) < 0)
			return -1;
		at += zeros;
	}
	return 0;
}

/* Reading is cheaper than writing, and wears nothing. */
static int write_zeros(struct slot *s, uint64_t offset, uint64_t len, struct err *err)
{
	AUTO_FREE char *held = slot_alloc(CHUNK_BYTES), *zeros = slot_alloc(CHUNK_BYTES);

	if (!held || !zeros)
		return err_set(err, OTA_FAILED, "out of memory");
	memset(zeros, 0, CHUNK_BYTES);
	for (size_t n; len > 0; offset += n, len -= n) {
		n = len < CHUNK_BYTES ? (size_t)len : CHUNK_BYTES;
		if (slot_read(s, held, n, offset, err) == 0 && mem_is_zero(held, n))
			continue;
		if (write_data(s, zeros, n, offset, err) < 0)
			return -1;
	}
	return 0;
}

int slot_zero(struct slot *s, uint64_t offset, uint64_t len, struct err *err)
{
	if (slot_is_hole(s, offset, len) || make_hole(s, offset, len))
		return 0;
	return write_zeros(s, offset, len, err);
}
