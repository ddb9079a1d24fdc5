/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that lies, for what real ones rarely show: preloaded, it meddles with the calls on files
 * whose name ends with $DISK_FILE. $DISK_FAULT: flip (one bit of what is written at 256 KiB),
 * lose (that write is dropped), full (ENOSPC there), wrap (it has 64 MiB, and begins again behind
 * them), sync (fsync fails), flush (fdatasync fails).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLACE (256 << 10)
#define SIZE (64 << 20)

static int is_fault(const char *name)
{
	const char *fault = getenv("DISK_FAULT");

	return fault && !strcmp(fault, name);
}

static int is_ours(int fd)
{
	const char *file = getenv("DISK_FILE");
	char link[64], path[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n < 0 || !file || (size_t)n < strlen(file))
		return 0;
	path[n] = '\0';
	return !strcmp(path + n - strlen(file), file);
}

static ssize_t meddle(int fd, const void *data, size_t len, off_t offset)
{
	static ssize_t (*real)(int, const void *, size_t, off_t);

	if (!real)
		real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
	if (is_fault("wrap") && offset >= SIZE && is_ours(fd) &&
		real(fd, data, len, offset - SIZE) < 0)
		return -1;
	if (offset != PLACE || !is_ours(fd))
		return real(fd, data, len, offset);
	if (is_fault("lose"))
		return (ssize_t)len;
	if (is_fault("full")) {
		errno = ENOSPC;
		return -1;
	}
	if (!is_fault("flip"))
		return real(fd, data, len, offset);
	void *aligned;
	if (posix_memalign(&aligned, 4096, len)) /* a write past the page cache stays one */
		abort();
	char *copy = memcpy(aligned, data, len);
	copy[len / 2] ^= 1;
	ssize_t done = real(fd, copy, len, offset);
	free(copy);
	return done;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return meddle(fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return meddle(fd, data, len, offset);
}

int fsync(int fd)
{
	static int (*real)(int);

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	if (is_fault("sync") && is_ours(fd)) {
		errno = EIO;
		return -1;
	}
	return real(fd);
}

int fdatasync(int fd)
{
	static int (*real)(int);

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	if (is_fault("flush") && is_ours(fd)) {
		errno = EIO;
		return -1;
	}
	return real(fd);
}
