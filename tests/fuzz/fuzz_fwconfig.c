/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "boot/fwconfig.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char path[] = "/tmp/ota-fuzz-XXXXXX";
	static int fd = -1;
	struct fw_config config;
	struct err err;

	if (fd < 0)
		fd = mkstemp(path);
	PROMISE(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, len, 0) == (ssize_t)len);
	if (fwconfig_read(path, &config, &err) < 0)
		PROMISE(err.code == OTA_BOOTENV || err.code == OTA_IO || err.code == OTA_CORRUPT);
	else
		PROMISE(config.copy[0].size_bytes == config.copy[1].size_bytes);
	return 0;
}
