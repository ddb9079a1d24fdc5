/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "io/layout.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct descriptor d;
	struct err err;

	if (layout_index_find((const char *)data, len, "latest", &d, &err) < 0)
		PROMISE(err.code == OTA_CORRUPT || err.code == OTA_REFUSED);
	else
		PROMISE(memchr(d.media_type, '\0', sizeof(d.media_type)));
	return 0;
}
