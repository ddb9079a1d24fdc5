/* SPDX-License-Identifier: Apache-2.0 */
#include "slot/mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "base/mem.h"

static int mounted(const char *path, const char *where, struct err *err)
{
	err_set(err, OTA_BUSY, "slot %s is mounted at %s", path, where);
	return err_hint(err, "the slot to write must not be in use: umount %s", where);
}

static int looped(const char *path, const char *loop, struct err *err)
{
	err_set(err, OTA_BUSY, "slot %s is in use behind /dev/%s", path, loop);
	return err_hint(
		err, "unmount /dev/%s where it is mounted, then: losetup -d /dev/%s", loop, loop);
}

/* Fails when the device numbers stand in the table of mounts. */
static int check_mount_table(const char *path, dev_t device, struct err *err)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	unsigned major_no, minor_no;
	char line[8192], where[256];

	if (!f)
		return err_errno(err, OTA_IO, "/proc/self/mountinfo");
	int rc = 0;
	while (rc == 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u %*u %u:%u %*s %255s", &major_no, &minor_no, where) == 3 &&
			makedev(major_no, minor_no) == device)
			rc = mounted(path, where, err);
	fclose(f);
	return rc;
}

/* Is the plain file what this loop device shows? */
static bool is_backing(const char *loop, const struct stat *st)
{
	char path[300];
	struct loop_info64 info;

	snprintf(path, sizeof(path), "/dev/%s", loop);
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_inode == st->st_ino &&
	       info.lo_device == st->st_dev;
}

static int check_loops(const char *path, const struct stat *st, struct err *err)
{
	DIR *d = opendir("/sys/block");
	int rc = 0;

	for (struct dirent *e; rc == 0 && d && (e = readdir(d));)
		if (!strncmp(e->d_name, "loop", 4) && is_backing(e->d_name, st))
			rc = looped(path, e->d_name, err);
	if (d)
		closedir(d);
	return rc;
}

int mounts_check_free(const char *path, const struct stat *st, struct err *err)
{
	return S_ISBLK(st->st_mode) ? check_mount_table(path, st->st_rdev, err)
				    : check_loops(path, st, err);
}
