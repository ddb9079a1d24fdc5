/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define TEMP_PREFIX ".ota-tmp-"

int path_join(char out[PATH_MAX], const char *dir, const char *name, struct err *err)
{
	while (*name == '/')
		name++;
	int len = snprintf(out, PATH_MAX, "%s/%s", dir, name);
	if (len < 0 || len >= PATH_MAX)
		return err_set(err, OTA_USAGE, "path too long: %.100s/%.100s", dir, name);
	return 0;
}

int file_open_read(const char *path, struct err *err)
{
	/* O_NONBLOCK: a FIFO where a file is expected must not hang the caller */
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ELOOP)
		return err_set(err, OTA_CORRUPT, "%s is a symlink where a file is expected", path);
	if (fd < 0)
		return err_errno(err, OTA_IO, "%s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return err_set(err, OTA_CORRUPT, "%s is not a regular file", path);
	}
	return fd_take(&fd);
}

int file_read(const char *path, struct buf *b, struct err *err)
{
	AUTO_FD fd = file_open_read(path, err);

	return fd < 0 ? -1 : file_read_fd(fd, path, b, err);
}

int file_read_fd(int fd, const char *path, struct buf *b, struct err *err)
{
	char chunk[16384];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, OTA_IO, "%s", path);
		if (buf_add(b, chunk, (size_t)n, err) < 0)
			return err_wrap(err, "%s", path);
	}
	return 0;
}

int file_pread(int fd, void *data, size_t len, uint64_t offset, const char *what, struct err *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, (char *)data + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, OTA_IO, "read %s at %ju", what, (uintmax_t)offset);
		if (n == 0)
			return err_set(err, OTA_CORRUPT, "%s ends at byte %ju, too early", what,
				(uintmax_t)(offset + done));
		done += (size_t)n;
	}
	return 0;
}

int file_pwrite(
	int fd, const void *data, size_t len, uint64_t offset, const char *what, struct err *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t n =
			pwrite(fd, (const char *)data + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, OTA_IO, "write %s at %ju", what, (uintmax_t)offset);
		done += (size_t)n;
	}
	return 0;
}

static void parent_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		strcpy(out, ".");
	else if (slash == path)
		strcpy(out, "/");
	else
		snprintf(out, PATH_MAX, "%.*s", (int)(slash - path), path);
}

int file_temp(const char *path, char tmp[PATH_MAX], struct err *err)
{
	char dir[PATH_MAX];

	parent_of(path, dir);
	if (path_join(tmp, dir, TEMP_PREFIX "XXXXXX", err) < 0)
		return -1;
	int fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, OTA_IO, "create a temporary file for %s", path);
	return fd;
}

int file_publish_fd(int fd, const char *tmp, const char *path, mode_t mode, struct err *err)
{
	char dir[PATH_MAX];

	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return err_errno(err, OTA_IO, "sync %s", path);
	if (rename(tmp, path) < 0)
		return err_errno(err, OTA_IO, "rename to %s", path);
	/* FAT makes a new entry for a new name: where the file begins, and its size, only get there
	 * with the file */
	if (fsync(fd) < 0)
		return err_errno(err, OTA_IO, "sync %s", path);
	parent_of(path, dir);
	return dir_sync(dir, err);
}

int file_publish(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	char tmp[PATH_MAX];
	AUTO_FD fd = file_temp(path, tmp, err);

	if (fd < 0)
		return -1;
	if (file_pwrite(fd, data, len, 0, path, err) == 0 &&
		file_publish_fd(fd, tmp, path, mode, err) == 0)
		return 0;
	unlink(tmp);
	return -1;
}

void file_sweep(const char *dir)
{
	DIR *d = opendir(dir);

	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));)
		if (!strncmp(e->d_name, TEMP_PREFIX, strlen(TEMP_PREFIX)))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

int file_remove(const char *path, struct err *err)
{
	char dir[PATH_MAX];

	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "remove %s", path);
	parent_of(path, dir);
	return dir_sync(dir, err);
}

int dir_sync(const char *path, struct err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, OTA_IO, "sync folder %s", path);
	return 0;
}

int dir_make(const char *path, struct err *err)
{
	char parent[PATH_MAX];
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : err_set(err, OTA_IO, "%s is not a folder", path);
	parent_of(path, parent);
	if (strcmp(parent, path) && dir_make(parent, err) < 0)
		return -1;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_errno(err, OTA_IO, "create folder %s", path);
	return dir_sync(parent, err);
}

int dir_free_bytes(const char *path, uint64_t *bytes, struct err *err)
{
	struct statvfs v;

	if (statvfs(path, &v) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	*bytes = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}
