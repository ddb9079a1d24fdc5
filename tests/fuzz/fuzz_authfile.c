/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "io/authfile.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char basic[AUTHFILE_BASIC_LEN];
	struct err err;

	if (authfile_find((const char *)data, len, "h:1", basic, &err) < 0) {
		PROMISE(err.code == OTA_CONFIG);
		return 0;
	}
	/* it goes into a header */
	PROMISE(memchr(basic, '\0', sizeof(basic)));
	PROMISE(!strpbrk(basic, "\r\n "));
	return 0;
}
