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

#include "base/clock.h"
#include "base/mem.h"

#define LINGER_MS 1000
#define POLL_MS 20

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

/* The loop device that shows the plain file, into name. */
static bool find_loop(const struct stat *st, char name[256])
{
	DIR *d = opendir("/sys/block");
	bool found = false;

	for (struct dirent *e; !found && d && (e = readdir(d));) {
		found = !strncmp(e->d_name, "loop", 4) && is_backing(e->d_name, st);
		snprintf(name, 256, "%s", e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

/* A loop device outlives its last user for a moment: a run that was killed may have left one. */
static int check_loops(const char *path, const struct stat *st, struct err *err)
{
	uint64_t end = clock_mono_ms() + LINGER_MS;
	char name[256];

	while (find_loop(st, name)) {
		if (clock_mono_ms() > end)
			return looped(path, name, err);
		clock_sleep_ms(POLL_MS);
	}
	return 0;
}

int mounts_check_free(const char *path, const struct stat *st, struct err *err)
{
	return S_ISBLK(st->st_mode) ? check_mount_table(path, st->st_rdev, err)
				    : check_loops(path, st, err);
}
