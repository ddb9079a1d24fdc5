/* SPDX-License-Identifier: Apache-2.0 */
#include "base/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 16 /* the kernel gives up where something is renamed just then */

static const uint64_t resolve[] = {
	[INSIDE_MOUNTS] = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	[INSIDE_ONE] = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	[INSIDE_NO_LINKS] = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
};

int inside_open(int root_fd, const char *path, int flags, enum inside_rule rule)
{
	const struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC, .resolve = resolve[rule]};
	int fd = -1;

	for (unsigned i = 0; i < TRIES && fd < 0; i++) {
		fd = (int)syscall(SYS_openat2, root_fd, *path ? path : ".", &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	return fd;
}

int inside_error(struct err *err, enum ota_code code, const char *path)
{
	if (errno == ENOSYS)
		return err_set(err, OTA_INCOMPATIBLE, "this kernel has no openat2: Linux 5.6 does");
	return err_errno(err, code, "%s", path);
}
