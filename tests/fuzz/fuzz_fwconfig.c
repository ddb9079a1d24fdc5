/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "boot/fwconfig.h"
#include "tests/fuzz/fuzz.h"

static char path[] = "/tmp/ota-fuzz-XXXXXX";

static void remove_file(void)
{
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int fd = -1;
	struct fw_config config;
	struct err err;

	if (fd < 0) {
		fd = mkstemp(path);
		atexit(remove_file);
	}
	PROMISE(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, len, 0) == (ssize_t)len);
	if (fwconfig_read(path, &config, &err) < 0)
		PROMISE(err.code == OTA_BOOTENV || err.code == OTA_IO || err.code == OTA_CORRUPT);
	else
		PROMISE(config.copy[0].size_bytes == config.copy[1].size_bytes);
	return 0;
}
