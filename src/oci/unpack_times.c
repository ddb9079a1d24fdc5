/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/inside.h"
#include "oci/unpacker.h"

/* They are kept in a file without a name, for a layer may have folders without end. */
struct note {
	struct timespec mtime;
	uint64_t len; /* of the path, which follows */
};

#define NOTES_MAX (64u << 20) /* half a million folders of a usual depth */

int unpack_times_open(struct unpacker *u, struct err *err)
{
	u->times_fd = openat(u->spec->root_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (u->times_fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		u->times_fd = memfd_create("times", MFD_CLOEXEC);
	return u->times_fd < 0 ? err_errno(err, OTA_IO, "a temporary file") : 0;
}

int unpack_times_note(
	struct unpacker *u, const char *folder, const struct timespec *mtime, struct err *err)
{
	char record[sizeof(struct note) + PATH_MAX];
	struct note note = {*mtime, strlen(folder)};
	size_t len = sizeof(note) + note.len;

	if (u->times_len + len > NOTES_MAX)
		return err_set(err, OTA_SPACE, "it has more folders than can be noted");
	memcpy(record, &note, sizeof(note));
	memcpy(record + sizeof(note), folder, note.len);
	if (file_pwrite(u->times_fd, record, len, u->times_len, "times of folders", err) < 0)
		return -1;
	u->times_len += len;
	return 0;
}

/* One that was replaced by another thing has no time to set. */
static int set_one(struct unpacker *u, const char *folder, const struct note *note, struct err *err)
{
	const struct timespec times[2] = {note->mtime, note->mtime};
	AUTO_FD fd = inside_open(u->root_fd, folder, O_RDONLY | O_DIRECTORY, INSIDE_NO_LINKS);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return inside_error(err, OTA_IO, folder);
	return futimens(fd, times) < 0 ? err_errno(err, OTA_IO, "%.200s: time", folder) : 0;
}

int unpack_times_set(struct unpacker *u, struct err *err)
{
	char path[PATH_MAX];
	struct note note;

	for (uint64_t at = 0; at < u->times_len; at += sizeof(note) + note.len) {
		if (file_pread(u->times_fd, &note, sizeof(note), at, "times of folders", err) < 0 ||
			file_pread(u->times_fd, path, note.len, at + sizeof(note),
				"times of folders", err) < 0)
			return -1;
		path[note.len] = '\0';
		if (set_one(u, path, &note, err) < 0)
			return -1;
	}
	return 0;
}
