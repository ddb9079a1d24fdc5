/* SPDX-License-Identifier: Apache-2.0 */
#include "slot/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "slot/mounts.h"

bool slot_same(const char *path, const char *other)
{
	struct stat a, b;

	if (stat(path, &a) < 0 || stat(other, &b) < 0)
		return false;
	if (S_ISBLK(a.st_mode) && S_ISBLK(b.st_mode))
		return a.st_rdev == b.st_rdev;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int measure(struct slot *s, struct err *err)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", s->path);
	s->is_block = S_ISBLK(st.st_mode);
	s->size_bytes = (uint64_t)st.st_size;
	if (s->is_block && ioctl(s->fd, BLKGETSIZE64, &s->size_bytes) < 0)
		return err_errno(err, OTA_IO, "size of %s", s->path);
	return 0;
}

/* A look into the slot (slot/view.h) that was killed leaves its device read-only until the next
 * boot; whoever may write to it may lift that. Where it cannot be lifted the write itself will
 * tell. */
static void lift_read_only(const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int is_on = 0, off = 0;

	if (fd >= 0 && ioctl(fd, BLKROGET, &is_on) == 0 && is_on)
		ioctl(fd, BLKROSET, &off);
}

static int no_device(const char *path, struct err *err)
{
	err_set(err, OTA_CONFIG, "slot %s is neither a block device nor a file", path);
	return err_hint(err, "is 'device' right in ota.conf? blkid tells what there is");
}

static int cannot_open(const char *path, struct err *err)
{
	if (errno != EBUSY)
		return err_errno(err, OTA_IO, "slot %s", path);
	err_errno(err, OTA_BUSY, "slot %s", path);
	return err_hint(err, "what holds it: lsblk %s", path);
}

int slot_open(struct slot *s, const char *path, enum slot_mode mode, struct err *err)
{
	int flags = O_CLOEXEC | O_NONBLOCK | (mode == SLOT_FOR_WRITING ? O_RDWR : O_RDONLY);
	struct stat st;

	*s = (struct slot){.fd = -1, .direct_fd = -1};
	strncpy(s->path, path, sizeof(s->path) - 1);
	if (stat(path, &st) < 0) {
		err_errno(err, OTA_IO, "slot %s", path);
		return err_hint(err, "is 'device' right in ota.conf? blkid tells what there is");
	}
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return no_device(path, err);
	if (mode == SLOT_FOR_WRITING && mounts_check_free(path, &st, err) < 0)
		return -1;
	if (mode == SLOT_FOR_WRITING && S_ISBLK(st.st_mode)) {
		lift_read_only(path);
		/* the kernel refuses it on a block device that is mounted or otherwise claimed */
		flags |= O_EXCL;
	}
	s->fd = open(path, flags);
	if (s->fd < 0)
		return cannot_open(path, err);
	if (measure(s, err) < 0) {
		slot_close(s);
		return -1;
	}
	s->direct_fd =
		open(path, (mode == SLOT_FOR_WRITING ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_DIRECT);
	s->no_direct_writes = s->direct_fd < 0;
	return 0;
}

void slot_close(struct slot *s)
{
	cleanup_fd(&s->fd);
	cleanup_fd(&s->direct_fd);
	s->fd = s->direct_fd = -1;
}

int slot_flush(struct slot *s, struct err *err)
{
	return fdatasync(s->fd) < 0 ? err_errno(err, OTA_IO, "sync %s", s->path) : 0;
}

int slot_sync(struct slot *s, struct err *err)
{
	if (fsync(s->fd) < 0)
		return err_errno(err, OTA_IO, "sync %s", s->path);
	if (s->is_block && ioctl(s->fd, BLKFLSBUF) == 0)
		return 0;
	posix_fadvise(s->fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

static size_t align_up(size_t len)
{
	return (len + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
}

void *slot_alloc(size_t len)
{
	void *data;

	return posix_memalign(&data, SLOT_ALIGN, align_up(len)) ? NULL : data;
}

/* Past the page cache. False where that does not work here: the caller reads the usual way. */
static bool read_direct(struct slot *s, void *data, size_t len, uint64_t offset)
{
	if (s->direct_fd < 0 || offset % SLOT_ALIGN)
		return false;
	return pread(s->direct_fd, data, align_up(len), (off_t)offset) >= (ssize_t)len;
}

bool slot_bypasses_cache(const struct slot *s)
{
	return s->direct_fd >= 0;
}

bool slot_is_hole(const struct slot *s, uint64_t offset, uint64_t len)
{
	if (s->is_block || offset + len > s->size_bytes)
		return false;
	off_t data = lseek(s->fd, (off_t)offset, SEEK_DATA);
	return data < 0 ? errno == ENXIO : (uint64_t)data >= offset + len;
}

int slot_read(struct slot *s, void *data, size_t len, uint64_t offset, struct err *err)
{
	if (read_direct(s, data, len, offset))
		return 0;
	return file_pread(s->fd, data, len, offset, s->path, err);
}
