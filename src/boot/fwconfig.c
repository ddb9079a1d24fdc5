/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/fwconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define CONFIG_MAX_BYTES (64u * 1024)
#define COPY_MIN_BYTES 64u
#define COPY_MAX_BYTES (4u * 1024 * 1024)
#define BLANK " \t\r"

static int parse_offset(const char *text, long long *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 0);
	return errno || end == text || *end ? -1 : 0;
}

static int parse_hex(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 16);
	return errno || end == text || *end || *text == '-' || *out > max ? -1 : 0;
}

/* Reads the optional field; one that is not there is 0. */
static int parse_optional(char **rest, unsigned long *out)
{
	const char *text = strtok_r(NULL, BLANK, rest);

	*out = 0;
	return text ? parse_hex(text, UINT32_MAX, out) : 0;
}

static int parse_line(char *line, struct fw_copy *copy)
{
	char *rest;
	const char *device = strtok_r(line, BLANK, &rest);
	const char *offset = strtok_r(NULL, BLANK, &rest);
	const char *size = strtok_r(NULL, BLANK, &rest);
	unsigned long size_bytes, sector_bytes;

	if (!device || strlen(device) >= sizeof(copy->device) - 1)
		return -1;
	strcpy(copy->device, device);
	if (!offset || parse_offset(offset, &copy->offset_bytes) < 0)
		return -1;
	if (!size || parse_hex(size, COPY_MAX_BYTES, &size_bytes) < 0 ||
		size_bytes < COPY_MIN_BYTES)
		return -1;
	if (parse_optional(&rest, &sector_bytes) < 0 || parse_optional(&rest, &copy->sectors) < 0)
		return -1;
	copy->size_bytes = size_bytes;
	copy->sector_bytes = sector_bytes;
	return 0;
}

static int bad_line(const char *path, unsigned line, struct err *err)
{
	err_set(err, OTA_BOOTENV, "%s, line %u: not a copy of the boot environment", path, line);
	return err_hint(err, "a line is: DEVICE OFFSET SIZE, for instance /dev/mmcblk0 0x100000 "
			     "0x4000");
}

static int parse_text(char *text, const char *path, struct fw_config *config, struct err *err)
{
	unsigned copies = 0, number = 0;

	for (char *line; (line = strsep(&text, "\n"));) {
		number++;
		line += strspn(line, BLANK);
		if (!*line || *line == '#')
			continue;
		if (copies == ARRAY_LEN(config->copy))
			return err_set(err, OTA_BOOTENV, "%s, line %u: more than two copies", path,
				number);
		if (parse_line(line, &config->copy[copies++]) < 0)
			return bad_line(path, number, err);
	}
	if (copies == 2)
		return 0;
	err_set(err, OTA_BOOTENV, "%s names %s of the boot environment; it takes two", path,
		copies ? "one copy only" : "no copy");
	return err_hint(err, "a power cut would destroy a single copy: build U-Boot with "
			     "CONFIG_SYS_REDUNDAND_ENVIRONMENT and add the second line");
}

static int check_copies(const struct fw_config *config, const char *path, struct err *err)
{
	const struct fw_copy *x = &config->copy[0], *y = &config->copy[1];
	long long size = (long long)x->size_bytes;

	if (x->size_bytes != y->size_bytes)
		return err_set(err, OTA_BOOTENV, "%s: the two copies differ in size", path);
	if (!strcmp(x->device, y->device) && x->offset_bytes - y->offset_bytes < size &&
		y->offset_bytes - x->offset_bytes < size)
		return err_set(err, OTA_BOOTENV, "%s: the two copies overlap", path);
	return 0;
}

/* The device of a copy; *flash: raw flash, where there is nothing to open or to do. Read-only:
 * opening a block device for writing and closing it starts a needless scan. */
static int open_device(const char *device, bool *flash, struct err *err)
{
	struct stat st;

	*flash = strchr(device, ':') != NULL;
	if (*flash)
		return -1;
	AUTO_FD fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, OTA_IO, "%s", device);
	*flash = S_ISCHR(st.st_mode);
	return *flash ? -1 : fd_take(&fd);
}

/* Turns an offset from the end of the device into one from its begin. */
static int resolve_offset(struct fw_copy *copy, const char *path, struct err *err)
{
	bool flash;
	AUTO_FD fd = open_device(copy->device, &flash, err);

	if (fd < 0 && flash)
		return err_set(err, OTA_BOOTENV, "%s: raw flash takes no offset below 0", path);
	if (fd < 0)
		return -1;
	copy->offset_bytes += lseek(fd, 0, SEEK_END);
	if (copy->offset_bytes >= 0)
		return 0;
	return err_set(
		err, OTA_BOOTENV, "%s: an offset is before the begin of %s", path, copy->device);
}

static int find_devices(struct fw_config *config, const char *path, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(config->copy); i++) {
		struct fw_copy *copy = &config->copy[i];

		/* a UBI volume by its name is no path */
		if (!strchr(copy->device, ':') && access(copy->device, F_OK) < 0) {
			err_errno(err, OTA_BOOTENV, "%s names %s", path, copy->device);
			return err_hint(err, "correct the device in %s", path);
		}
		if (copy->offset_bytes < 0 && resolve_offset(copy, path, err) < 0)
			return -1;
	}
	return 0;
}

int fwconfig_read(const char *path, struct fw_config *config, struct err *err)
{
	AUTO_BUF text = BUF(CONFIG_MAX_BYTES);
	char real[PATH_MAX];

	memset(config, 0, sizeof(*config));
	if (!realpath(path, real)) {
		err_errno(err, OTA_BOOTENV, "%s", path);
		return err_hint(
			err, "it says where U-Boot's environment lies; [boot] env = names it");
	}
	if (file_read(real, &text, err) < 0) {
		err->code = OTA_BOOTENV;
		return -1;
	}
	if (text.len && strlen(text.data) != text.len)
		return err_set(err, OTA_BOOTENV, "%s is not a text file", path);
	if (parse_text(text.data, path, config, err) < 0 || find_devices(config, path, err) < 0)
		return -1;
	return check_copies(config, path, err);
}

int fwconfig_read_copy(const struct fw_copy *copy, void *bytes, bool *known, struct err *err)
{
	bool flash;
	AUTO_FD fd = open_device(copy->device, &flash, err);

	*known = !flash;
	if (fd < 0)
		return flash ? 0 : -1;
	return file_pread(
		fd, bytes, copy->size_bytes, (uint64_t)copy->offset_bytes, copy->device, err);
}

static int sync_device(const char *device, struct err *err)
{
	bool flash;
	AUTO_FD fd = open_device(device, &flash, err);

	if (fd < 0)
		return flash ? 0 : -1;
	if (fsync(fd) < 0)
		return err_errno(err, OTA_IO, "sync %s", device);
	/* pages that stay make the comparison weaker, not wrong */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

int fwconfig_sync(const struct fw_config *config, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(config->copy); i++)
		if (sync_device(config->copy[i].device, err) < 0)
			return -1;
	return 0;
}
