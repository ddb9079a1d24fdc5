/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "io/platform.h"
#include "io/referrers.h"
#include "tests/fuzz/fuzz.h"

/* An index, once as one of platforms and once as a list of referrers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct platform platform = {"arm", 7};
	struct referrers list;
	struct descriptor d;
	struct err err;

	if (platform_choose((const char *)data, len, &platform, &d, &err) < 0)
		PROMISE(err.code == OTA_CORRUPT || err.code == OTA_INCOMPATIBLE);
	else
		PROMISE(memchr(d.media_type, '\0', sizeof(d.media_type)));
	if (referrers_read((const char *)data, len, "application/x", &list, &err) < 0)
		PROMISE(err.code == OTA_CORRUPT);
	else
		PROMISE(list.n <= REFERRERS_MAX);
	return 0;
}
