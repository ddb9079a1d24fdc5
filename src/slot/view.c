/* SPDX-License-Identifier: Apache-2.0 */
#include "slot/view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "slot/mounts.h"

#define LOOP_TRIES 16 /* others take loop devices, too */

/* The file systems that images have: where their magic lies, and what keeps a journal untouched. */
static const struct filesystem {
	const char *name;
	uint64_t offset;
	const char *magic;
	const char *no_replay;
} filesystems[] = {
	{"ext4", 0x438, "\x53\xef", "noload"},
	{"squashfs", 0, "hsqs", NULL},
	{"erofs", 1024, "\xe2\xe1\xf5\xe0", NULL},
	{"xfs", 0, "XFSB", "norecovery"},
	{"btrfs", 0x10040, "_BHRfS_M", "nologreplay"},
	{"f2fs", 1024, "\x10\x20\xf5\xf2", "norecovery"},
};

static const struct filesystem *find_filesystem(int fd)
{
	char bytes[16];

	for (size_t i = 0; i < ARRAY_LEN(filesystems); i++) {
		const struct filesystem *f = &filesystems[i];
		size_t len = strlen(f->magic);
		if (pread(fd, bytes, len, (off_t)f->offset) == (ssize_t)len &&
			!memcmp(bytes, f->magic, len))
			return f;
	}
	return NULL;
}

/* A loop device over the file, read-only, that ends with its last user. Returns its descriptor. */
static int open_loop(int file_fd, char device[32], struct err *err)
{
	const struct loop_info64 info = {.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR};
	AUTO_FD control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	for (int tries = 0; control >= 0 && tries < LOOP_TRIES; tries++) {
		int n = ioctl(control, LOOP_CTL_GET_FREE);
		if (n < 0)
			break;
		snprintf(device, 32, "/dev/loop%d", n);
		AUTO_FD fd = open(device, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			break;
		if (ioctl(fd, LOOP_SET_FD, file_fd) < 0) {
			if (errno == EBUSY)
				continue;
			break;
		}
		if (ioctl(fd, LOOP_SET_STATUS64, &info) == 0)
			return fd_take(&fd);
		ioctl(fd, LOOP_CLR_FD);
		break;
	}
	return err_errno(err, OTA_IO, "a loop device for the slot");
}

/* Makes a block device read-only; a later `write` lifts what a killed run leaves so. */
static int hold_read_only(struct slot_view *v, const char *path, struct err *err)
{
	int before = 0, on = 1;

	if (ioctl(v->device_fd, BLKROGET, &before) < 0 || ioctl(v->device_fd, BLKROSET, &on) < 0)
		return err_errno(err, OTA_IO, "make %s read-only", path);
	v->was_writable = !before;
	return 0;
}

static int set_flag(int fs_fd, const char *name)
{
	return (int)syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_FLAG, name, NULL, 0);
}

/* A mount that no namespace holds: it is reached by its descriptor alone. */
static int mount_detached(const char *device, const struct filesystem *f, struct err *err)
{
	AUTO_FD fs = (int)syscall(SYS_fsopen, f->name, FSOPEN_CLOEXEC);

	if (fs < 0 && errno == ENOSYS)
		return err_set(err, OTA_INCOMPATIBLE, "this kernel has no fsopen: Linux 5.2 does");
	if (fs < 0)
		return err_errno(err, errno == ENODEV ? OTA_INCOMPATIBLE : OTA_IO, "file system %s",
			f->name);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
		set_flag(fs, "ro") < 0 || (f->no_replay && set_flag(fs, f->no_replay) < 0) ||
		syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_errno(err, OTA_IO, "mount %s as %s", device, f->name);
	int fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? err_errno(err, OTA_IO, "mount %s as %s", device, f->name) : fd;
}

static int look(struct slot_view *v, const char *path, struct err *err)
{
	char device[PATH_MAX];
	struct stat st;

	if (fstat(v->device_fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	if (mounts_check_free(path, &st, err) < 0)
		return -1;
	const struct filesystem *f = find_filesystem(v->device_fd);
	if (!f)
		return err_set(err, OTA_INCOMPATIBLE,
			"%s holds no file system that can be looked into", path);
	snprintf(device, sizeof(device), "%s", path);
	if (S_ISBLK(st.st_mode)) {
		if (hold_read_only(v, path, err) < 0)
			return -1;
		v->root_fd = mount_detached(device, f, err);
		return v->root_fd < 0 ? -1 : 0;
	}
	AUTO_FD loop = open_loop(v->device_fd, device, err);
	if (loop < 0)
		return -1;
	v->root_fd = mount_detached(device, f, err);
	return v->root_fd < 0 ? -1 : 0;
}

int slot_view_open(struct slot_view *v, const char *path, struct err *err)
{
	*v = (struct slot_view)SLOT_VIEW;
	v->device_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (v->device_fd < 0)
		return err_errno(err, OTA_IO, "slot %s", path);
	if (look(v, path, err) == 0)
		return 0;
	slot_view_close(v);
	if (!err->hint[0])
		err_hint(err, "needs root and this file system in the kernel; else let the release "
			      "carry its boot files: ota pack --boot");
	return -1;
}

void slot_view_close(struct slot_view *v)
{
	int off = 0;

	cleanup_fd(&v->root_fd);
	if (v->was_writable)
		ioctl(v->device_fd, BLKROSET, &off);
	cleanup_fd(&v->device_fd);
	*v = (struct slot_view)SLOT_VIEW;
}
