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

static uint64_t add_up(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t whole_clusters(uint64_t bytes, uint64_t cluster)
{
	return add_up(bytes, cluster - 1) / cluster * cluster;
}

/* What FAT needs for a name in a folder: an entry of 32 bytes for each 13 letters, and one more;
 * and as much again for the name under which it is written first. */
static uint64_t name_bytes(const char *path)
{
	return 2 * 32 * (strlen(path) / 13 + 2);
}

/* Each file in whole clusters, a new folder for each that is on its way (most are shared), the
 * names, and the list. */
static uint64_t room_needed(const struct tree *files, uint64_t cluster)
{
	uint64_t need = 4 * cluster, names = 0, list = 256;

	for (size_t i = 0; i < files->n; i++) {
		const struct tree_file *f = &files->files[i];
		need = add_up(need, whole_clusters(f->size_bytes, cluster));
		for (const char *c = f->path; *c; c++)
			need = add_up(need, *c == '/' ? cluster : 0);
		names += name_bytes(f->path);
		list += DIGEST_HEX_LEN + 2 + strlen(f->path);
	}
	need = add_up(need, whole_clusters(names, cluster));
	return add_up(need, whole_clusters(list, cluster));
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
		return err_hint(err,
			"mount -o remount,rw, then again; a FAT that the kernel found damaged "
			"needs umount, fsck.vfat -a, mount");
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
		tree_remove(s->dir, err) < 0 || dir_make(s->dir, err) < 0 ||
		dir_sync(target, err) < 0) /* also a folder that a killed run has made */
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

/* Under another name, then under its own. */
static int put(const struct bootset *s, const char *path, bootset_fill *fill, void *ctx,
	struct digest *digest, struct err *err)
{
	char full[PATH_MAX], dir[PATH_MAX], tmp[PATH_MAX];

	if (path_join(full, s->dir, path, err) < 0)
		return -1;
	strcpy(dir, full);
	*strrchr(dir, '/') = '\0';
	if (dir_make(dir, err) < 0)
		return -1;
	AUTO_FD fd = file_temp(full, tmp, err);
	if (fd < 0)
		return -1;
	if (write_file(fd, tmp, full, fill, ctx, digest, err) == 0)
		return 0;
	unlink(tmp);
	return -1;
}

int bootset_add(struct bootset *s, const char *path, bootset_fill *fill, void *ctx, struct err *err)
{
	struct digest digest;

	if (put(s, path, fill, ctx, &digest, err) < 0)
		return -1;
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

/* A file that is gone or cannot be read is damaged; that we could not look is no answer. */
static int check_file(
	const char *dir, const char *path, const struct digest *wanted, struct err *err)
{
	struct digest is;
	char full[PATH_MAX];

	if (path_join(full, dir, path, err) < 0)
		return -1;
	errno = 0;
	if (digest_of_path(full, &is, err) < 0) {
		if (err->code == OTA_IO && (errno == ENOENT || errno == ENOTDIR || errno == EIO))
			err->code = OTA_CORRUPT;
		return -1;
	}
	if (digest_equal(&is, wanted))
		return 0;
	return err_set(err, OTA_CORRUPT, "%s is not what was written", full);
}

int bootset_open(struct bootset *s, const char *target, char slot, const struct digest *content,
	struct err *err)
{
	struct digest of;
	char path[PATH_MAX];

	if (bootset_dir(target, slot, s->dir, err) < 0 ||
		path_join(path, s->dir, BOOTSET_LIST, err) < 0)
		return -1;
	errno = 0;
	if (file_read(path, &s->list, err) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return err_set(err, OTA_NOTHING, "%s holds no set of boot files", s->dir);
		err->code = errno == EIO ? OTA_CORRUPT : err->code;
		return -1;
	}
	if (bootlist_parse(s->list.data ? s->list.data : "", s->list.len, &of, NULL, NULL, err) < 0)
		return err_wrap(err, "%s", s->dir);
	if (!content || digest_equal(&of, content))
		return 0;
	return err_set(err, OTA_CORRUPT, "%s holds the boot files of another release", s->dir);
}

static int check_entry(void *ctx, const char *path, const struct digest *digest, struct err *err)
{
	const struct bootset *s = ctx;

	return check_file(s->dir, path, digest, err);
}

int bootset_check(const char *target, char slot, const struct digest *content, struct err *err)
{
	AUTO_BOOTSET s = BOOTSET;
	struct digest ignored;

	if (bootset_open(&s, target, slot, content, err) < 0)
		return -1;
	return bootlist_parse(s.list.data, s.list.len, &ignored, check_entry, &s, err);
}

/* What the list says of one file. */
struct lookup {
	const char *path;
	struct digest digest;
	bool found;
};

static int look_up(void *ctx, const char *path, const struct digest *digest, struct err *err)
{
	struct lookup *l = ctx;

	(void)err;
	if (!strcmp(path, l->path)) {
		l->digest = *digest;
		l->found = true;
	}
	return 0;
}

int bootset_mend(
	struct bootset *s, const char *path, bootset_fill *fill, void *ctx, struct err *err)
{
	struct lookup l = {.path = path};
	struct digest of, digest;
	char full[PATH_MAX];

	if (bootlist_parse(s->list.data, s->list.len, &of, look_up, &l, err) < 0)
		return -1;
	if (!l.found)
		return err_set(err, OTA_CORRUPT, "%s: '%s' is not in the list", s->dir, path);
	if (check_file(s->dir, path, &l.digest, err) == 0)
		return 0;
	/* its room may be needed */
	if (err->code != OTA_CORRUPT || path_join(full, s->dir, path, err) < 0 ||
		file_remove(full, err) < 0)
		return -1;
	return put(s, path, fill, ctx, &digest, err);
}
