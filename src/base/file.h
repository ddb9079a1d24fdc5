/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as this project needs them: read whole with a cap, written whole or not at all, names made
 * durable. Errors are OTA_IO unless said otherwise; a full disk is OTA_SPACE. Messages name the
 * path.
 */
#ifndef OTA_BASE_FILE_H
#define OTA_BASE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Joins two path pieces into out; a path that does not fit is OTA_USAGE. */
int path_join(char out[PATH_MAX], const char *dir, const char *name, struct err *err) MUST_USE;

/* Opens a regular file for reading. A symlink as last piece, a folder or a device is refused
 * (OTA_CORRUPT). Returns the descriptor, or -1 with errno ENOENT where there is none. */
int file_open_read(const char *path, struct err *err) MUST_USE;

/* Appends the whole file to b, whose cap bounds it. errno is ENOENT where there is none. */
int file_read(const char *path, struct buf *b, struct err *err) MUST_USE;

/* The same of one that is open, from where it stands. */
int file_read_fd(int fd, const char *path, struct buf *b, struct err *err) MUST_USE;

/* Reads or writes exactly len bytes at offset; a short file is OTA_CORRUPT. */
int file_pread(int fd, void *data, size_t len, uint64_t offset, const char *what,
	struct err *err) MUST_USE;
int file_pwrite(int fd, const void *data, size_t len, uint64_t offset, const char *what,
	struct err *err) MUST_USE;

/* Replaces path atomically and durably: temporary file beside it, write, fsync, rename, fsync of it
 * and of the folder. Failure before the rename leaves the old file as it was. */
int file_publish(
	const char *path, const void *data, size_t len, mode_t mode, struct err *err) MUST_USE;

/* Renames a file whose bytes are complete to its name, durably: fsync of fd, rename, fsync of fd
 * and of the folder. Success is the only way a name appears. */
int file_publish_fd(
	int fd, const char *tmp, const char *path, mode_t mode, struct err *err) MUST_USE;

/* Creates a new file of its own name in the folder of path, mode 0600; tmp receives that name.
 * Returns the descriptor. What a killed run leaves is removed by file_sweep(). */
int file_temp(const char *path, char tmp[PATH_MAX], struct err *err) MUST_USE;

/* Removes the temporary files that a killed run left in dir. */
void file_sweep(const char *dir);

/* Removes a file durably; one that is not there is fine. */
int file_remove(const char *path, struct err *err) MUST_USE;

/* mkdir -p; made folders are durable. */
int dir_make(const char *path, struct err *err) MUST_USE;

/* Makes the names in a folder durable. */
int dir_sync(const char *path, struct err *err) MUST_USE;

/* The bytes that an unprivileged writer could still add to the file system of path. */
int dir_free_bytes(const char *path, uint64_t *bytes, struct err *err) MUST_USE;

#endif
