/* SPDX-License-Identifier: Apache-2.0 */
#include "base/overlay.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#define HINT "layers like this need root, and a store on a disk that overlay takes, such as ext4"
/* "/proc/self/fd/N:" each: paths of 128 layers would be longer than the page that mount() takes */
#define LOWER_LEN 24

static int leave_namespace(struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_errno(err, OTA_IO, "a mount namespace of its own");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(err, OTA_IO, "make mounts private");
	return 0;
}

/* The kernel refuses a folder that is given twice. What a layer has, it has where it lies highest:
 * there it covers all that it shows further down. */
static bool is_higher_too(const struct overlay_spec *spec, size_t i)
{
	for (size_t k = i + 1; k < spec->n_lower; k++)
		if (!strcmp(spec->lower[i], spec->lower[k]))
			return true;
	return false;
}

/* overlay wants the highest first. */
static int name_lower(
	const struct overlay_spec *spec, int fds[], char *out, size_t size, struct err *err)
{
	size_t len = (size_t)snprintf(out, size, "lowerdir=");
	const char *between = "";

	for (size_t i = spec->n_lower; i-- > 0;) {
		if (is_higher_too(spec, i))
			continue;
		fds[i] = open(spec->lower[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fds[i] < 0)
			return err_errno(err, OTA_IO, "%s", spec->lower[i]);
		len += (size_t)snprintf(
			out + len, size - len, "%s/proc/self/fd/%d", between, fds[i]);
		between = ":";
	}
	return 0;
}

static int mount_all(const struct overlay_spec *spec, int fds[], struct err *err)
{
	char data[OVERLAY_LOWER_MAX * LOWER_LEN], options[sizeof(data) + 2 * PATH_MAX];

	if (name_lower(spec, fds, data, sizeof(data), err) < 0)
		return -1;
	if (spec->upper)
		snprintf(options, sizeof(options),
			"%s,upperdir=%s,workdir=%s,index=off,metacopy=off,redirect_dir=off", data,
			spec->upper, spec->work);
	else
		snprintf(options, sizeof(options), "%s", data);
	if (mount("overlay", spec->at, "overlay", spec->upper ? 0 : MS_RDONLY, options) < 0)
		return err_errno(err, OTA_IO, "mount an overlay at %s", spec->at);
	int fd = open(spec->at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(err, OTA_IO, "%s", spec->at) : fd;
}

int overlay_mount(const struct overlay_spec *spec, struct err *err)
{
	int fds[OVERLAY_LOWER_MAX];

	for (size_t i = 0; i < spec->n_lower; i++)
		fds[i] = -1;
	int fd = leave_namespace(err) < 0 ? -1 : mount_all(spec, fds, err);
	for (size_t i = 0; i < spec->n_lower; i++)
		cleanup_fd(&fds[i]);
	return fd < 0 ? err_hint(err, HINT) : fd;
}

void overlay_unmount(const char *at)
{
	umount2(at, MNT_DETACH);
}
