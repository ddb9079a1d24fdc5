/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "io/probe.h"
#include "tests/fuzz/fuzz.h"

/* As the first bytes that a service answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char bytes[PROBE_STATUS_LEN];
	struct err err;

	if (len < sizeof(bytes))
		return 0;
	memcpy(bytes, data, sizeof(bytes));
	int status = probe_read_status(bytes, &err);
	if (status < 0)
		PROMISE(err.code == OTA_UNHEALTHY);
	else
		PROMISE(status <= 999 && !memcmp(bytes, "HTTP/1.", 7));
	return 0;
}
