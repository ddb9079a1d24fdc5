/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/bootset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/fatname.h"
#include "base/file.h"

int bootset_dir(const char *target, char slot, char dir[PATH_MAX], struct err *err)
{
	const char name[2] = {slot, '\0'};

	return path_join(dir, target, name, err);
}

int bootset_check_names(const struct tree *files, struct err *err)
{
	for (size_t i = 0; i < files->n; i++) {
		const char *path = files->files[i].path;
		if (fatname_check(path, err) < 0) {
			err->code = OTA_INCOMPATIBLE;
			return -1;
		}
		for (size_t k = 0; k < i; k++)
			if (fatname_collide(path, files->files[k].path))
				return err_set(err, OTA_INCOMPATIBLE,
					"boot files '%s' and '%s' are one file to FAT",
					files->files[k].path, path);
	}
	return 0;
}

/* Whole clusters for each file and for each folder on its way, and some for list and folders that
 * grow. */
static uint64_t room_needed(const struct tree *files, uint64_t cluster)
{
	uint64_t clusters = 4 + BOOTLIST_MAX / 4 / cluster;

	for (size_t i = 0; i < files->n; i++) {
		const struct tree_file *f = &files->files[i];
		clusters += f->size_bytes / cluster + 1;
		for (const char *c = f->path; *c; c++)
			clusters += *c == '/';
	}
	return clusters * cluster;
}

int bootset_check_room(const char *target, char slot, const struct tree *files, struct err *err)
{
	char dir[PATH_MAX];
	uint64_t old_bytes;
	struct statvfs v;

	if (statvfs(target, &v) < 0) {
		err_errno(err, errno == ENOENT ? OTA_CONFIG : OTA_IO, "%s", target);
		return err_hint(err, "is the boot partition mounted? target = in [boot] names "
				     "a folder on it");
	}
	if (v.f_flag & ST_RDONLY) {
		err_set(err, OTA_IO, "%s is on a file system that is mounted read-only", target);
		return err_hint(err, "mount -o remount,rw, then again");
	}
	if (bootset_dir(target, slot, dir, err) < 0 || tree_usage(dir, &old_bytes, err) < 0)
		return -1;
	uint64_t cluster = v.f_bsize ? v.f_bsize : 4096;
	uint64_t need = room_needed(files, cluster);
	uint64_t have = (uint64_t)v.f_bavail * v.f_frsize + old_bytes;
	if (need <= have)
		return 0;
	err_set(err, OTA_SPACE, "the boot files need %ju bytes, and %s has room for %ju",
		(uintmax_t)need, target, (uintmax_t)have);
	return err_hint(err, "free some on the boot partition: df %s", target);
}

int bootset_begin(struct bootset *s, const char *target, char slot, const struct digest *content,
	struct err *err)
{
	char list[PATH_MAX];

	if (bootset_dir(target, slot, s->dir, err) < 0 ||
		path_join(list, s->dir, BOOTSET_LIST, err) < 0 || file_remove(list, err) < 0 ||
		tree_remove(s->dir, err) < 0 || dir_make(s->dir, err) < 0)
		return -1;
	return bootlist_begin(&s->list, content, err);
}

/* Held against what is on the disk, not in the page cache. */
static int check_back(int fd, const char *path, const struct digest *wanted, struct err *err)
{
	struct digest is;

	if (fsync(fd) < 0)
		return err_errno(err, OTA_IO, "sync %s", path);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0 || digest_of_file(fd, (uint64_t)size, path, &is, err) < 0)
		return size < 0 ? err_errno(err, OTA_IO, "%s", path) : -1;
	return digest_equal(&is, wanted)
		       ? 0
		       : err_set(err, OTA_CORRUPT, "%s reads back differently than it was written",
				 path);
}

static int write_file(int fd, const char *tmp, const char *path, bootset_fill *fill, void *ctx,
	struct digest *digest, struct err *err)
{
	if (fill(ctx, fd, path, digest, err) < 0 || check_back(fd, path, digest, err) < 0)
		return -1;
	return file_publish_fd(fd, tmp, path, 0644, err);
}

int bootset_add(struct bootset *s, const char *path, bootset_fill *fill, void *ctx, struct err *err)
{
	char full[PATH_MAX], dir[PATH_MAX], tmp[PATH_MAX];
	struct digest digest;

	if (path_join(full, s->dir, path, err) < 0)
		return -1;
	strcpy(dir, full);
	*strrchr(dir, '/') = '\0';
	if (dir_make(dir, err) < 0)
		return -1;
	AUTO_FD fd = file_temp(full, tmp, err);
	if (fd < 0)
		return -1;
	if (write_file(fd, tmp, full, fill, ctx, &digest, err) < 0) {
		unlink(tmp);
		return -1;
	}
	return bootlist_add(&s->list, path, &digest, err);
}

int bootset_end(struct bootset *s, struct err *err)
{
	char path[PATH_MAX];

	if (bootlist_end(&s->list, err) < 0 || path_join(path, s->dir, BOOTSET_LIST, err) < 0)
		return -1;
	return file_publish(path, s->list.data, s->list.len, 0644, err);
}

/* Of a file as it lies on the disk. */
static int digest_of_path(const char *path, struct digest *digest, struct err *err)
{
	AUTO_FD fd = file_open_read(path, err);

	if (fd < 0)
		return -1;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return err_errno(err, OTA_IO, "%s", path);
	return digest_of_file(fd, (uint64_t)size, path, digest, err);
}

static int check_file(void *ctx, const char *path, const struct digest *wanted, struct err *err)
{
	const char *dir = ctx;
	struct digest is;
	char full[PATH_MAX];

	if (path_join(full, dir, path, err) < 0)
		return -1;
	if (digest_of_path(full, &is, err) < 0) {
		err->code = errno == ENOENT ? OTA_CORRUPT : err->code;
		return -1;
	}
	return digest_equal(&is, wanted)
		       ? 0
		       : err_set(err, OTA_CORRUPT, "%s is not what was written", full);
}

int bootset_check(const char *target, char slot, const struct digest *content, struct err *err)
{
	AUTO_BUF list = BUF(BOOTLIST_MAX);
	struct digest of;
	char dir[PATH_MAX], path[PATH_MAX];

	if (bootset_dir(target, slot, dir, err) < 0 || path_join(path, dir, BOOTSET_LIST, err) < 0)
		return -1;
	if (file_read(path, &list, err) < 0)
		return errno == ENOENT
			       ? err_set(err, OTA_NOTHING, "%s holds no set of boot files", dir)
			       : -1;
	if (bootlist_parse(list.data ? list.data : "", list.len, &of, check_file, dir, err) < 0)
		return err_wrap(err, "%s", dir);
	if (!content || digest_equal(&of, content))
		return 0;
	return err_set(err, OTA_CORRUPT, "%s holds the boot files of another release", dir);
}
