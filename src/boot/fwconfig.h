/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fw_env.config: where the two copies of U-Boot's environment lie. A line is
 * `DEVICE OFFSET SIZE [SECTOR-SIZE [SECTORS]]`, SIZE and what follows in hex; `#` begins a comment.
 * Parsed here and not by libubootenv, which leaks on half a line, and says no more than "no".
 */
#ifndef OTA_BOOT_FWCONFIG_H
#define OTA_BOOT_FWCONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct fw_copy {
	char device[256];       /* a file, a block device, /dev/mtdN or /dev/ubiN:NAME */
	long long offset_bytes; /* from the begin, also where the file says it from the end */
	size_t size_bytes;
	size_t sector_bytes;   /* 0: not given */
	unsigned long sectors; /* 0: not given */
};

struct fw_config {
	struct fw_copy copy[2];
};

/* Reads and checks the file. A single copy is refused: a power cut while it is written would
 * leave none. So are two that overlap or differ in size. Errors: bootenv. */
int fwconfig_read(const char *path, struct fw_config *config, struct err *err) MUST_USE;

/* Reads a copy as it lies there; bytes has room for its size. *known is false for raw flash (MTD,
 * UBI), which is left to who knows of its bad blocks. Errors: io, corrupt (it ends early). */
int fwconfig_read_copy(
	const struct fw_copy *copy, void *bytes, bool *known, struct err *err) MUST_USE;

/* Makes both copies durable and drops them from the page cache, so that the next read comes from
 * the device. Raw flash (MTD, UBI) has no cache to sync and is left out. Errors: io. */
int fwconfig_sync(const struct fw_config *config, struct err *err) MUST_USE;

#endif
