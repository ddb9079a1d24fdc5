/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "release/version.h"
#include "tests/fuzz/fuzz.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Two versions, each the other's opposite; a version is equal to itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char a[65] = "", b[65] = "";
	size_t half = len / 2;

	if (half >= sizeof(a) || len - half >= sizeof(b))
		return 0;
	memcpy(a, data, half);
	memcpy(b, data + half, len - half);
	PROMISE(sign(version_compare(a, b)) == -sign(version_compare(b, a)));
	PROMISE(version_compare(a, a) == 0);
	return 0;
}
