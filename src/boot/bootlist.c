/* SPDX-License-Identifier: Apache-2.0 */
/* The list of a set of boot files, and the check by it; the other half of bootset.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fatname.h"
#include "base/file.h"
#include "boot/bootlist.h"

#define FIRST "# boot files of "
#define LAST "# end "
#define LAST_LEN (strlen(LAST) + DIGEST_HEX_LEN) /* its newline in place of the NUL */

int bootlist_begin(struct buf *list, const struct digest *content, struct err *err)
{
	char text[DIGEST_TEXT_LEN];

	digest_text(content, text);
	return buf_printf(list, err, FIRST "%s\n", text);
}

int bootlist_add(struct buf *list, const char *path, const struct digest *digest, struct err *err)
{
	char hex[DIGEST_HEX_LEN];

	digest_hex(digest, hex);
	return buf_printf(list, err, "%s  %s\n", hex, path);
}

int bootlist_end(struct buf *list, struct err *err)
{
	char hex[DIGEST_HEX_LEN];
	struct digest digest;

	if (digest_of(list->data, list->len, &digest, err) < 0)
		return -1;
	digest_hex(&digest, hex);
	return buf_printf(list, err, LAST "%s\n", hex);
}

/* Is the last line the digest of all before it? */
static int check_end(const char *text, size_t len, struct err *err)
{
	const char *end = len > LAST_LEN ? text + len - LAST_LEN : "";
	struct digest said, is;
	char hex[DIGEST_HEX_LEN];

	if (strncmp(end, LAST, strlen(LAST)) || text[len - 1] != '\n' || memchr(text, '\0', len))
		return err_set(err, OTA_CORRUPT, "the list of boot files is cut");
	snprintf(hex, sizeof(hex), "%.*s", DIGEST_HEX_LEN - 1, end + strlen(LAST));
	if (digest_parse_hex(hex, &said, err) < 0 || digest_of(text, len - LAST_LEN, &is, err) < 0)
		return -1;
	if (digest_equal(&said, &is))
		return 0;
	return err_set(err, OTA_CORRUPT, "the list of boot files is damaged");
}

static int parse_entry(char *line, bootset_each *each, void *ctx, struct err *err)
{
	char *path = line + DIGEST_HEX_LEN + 1;
	struct digest digest;

	if (strlen(line) < DIGEST_HEX_LEN + 2 || memcmp(path - 2, "  ", 2))
		return err_set(err, OTA_CORRUPT, "the list of boot files: '%.80s'", line);
	path[-2] = '\0';
	if (digest_parse_hex(line, &digest, err) < 0 || fatname_check(path, err) < 0)
		return -1;
	return each(ctx, path, &digest, err);
}

int bootset_parse(const char *text, size_t len, struct digest *content, bootset_each *each,
	void *ctx, struct err *err)
{
	AUTO_BUF copy = BUF(BOOTSET_LIST_MAX);

	if (check_end(text, len, err) < 0 || buf_add(&copy, text, len - LAST_LEN, err) < 0)
		return -1;
	char *rest = copy.data, *line = strsep(&rest, "\n");
	if (strncmp(line, FIRST, strlen(FIRST)))
		return err_set(err, OTA_CORRUPT, "the list of boot files has no first line");
	if (digest_parse(line + strlen(FIRST), content, err) < 0)
		return -1;
	while ((line = strsep(&rest, "\n")))
		if (*line && parse_entry(line, each, ctx, err) < 0)
			return -1;
	return 0;
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
	AUTO_BUF list = BUF(BOOTSET_LIST_MAX);
	struct digest of;
	char dir[PATH_MAX], path[PATH_MAX];

	if (bootset_dir(target, slot, dir, err) < 0 || path_join(path, dir, BOOTSET_LIST, err) < 0)
		return -1;
	if (file_read(path, &list, err) < 0)
		return errno == ENOENT
			       ? err_set(err, OTA_NOTHING, "%s holds no set of boot files", dir)
			       : -1;
	if (bootset_parse(list.data ? list.data : "", list.len, &of, check_file, dir, err) < 0)
		return err_wrap(err, "%s", dir);
	if (!content || digest_equal(&of, content))
		return 0;
	return err_set(err, OTA_CORRUPT, "%s holds the boot files of another release", dir);
}
