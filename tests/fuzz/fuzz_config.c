/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config config;
	struct err err;

	if (config_parse((const char *)data, len, "fuzz", "", &config, &err) < 0) {
		PROMISE(err.code == OTA_CONFIG || err.code == OTA_FAILED);
		return 0;
	}
	if (config_check_host(&config, "fuzz", &err) == 0)
		PROMISE(config.device.compatible && config.slot_a.device && config.slot_b.device);
	PROMISE(config.device.signers >= 1 && config.boot.attempts >= 1);
	config_free(&config);
	return 0;
}
