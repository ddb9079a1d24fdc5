/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "io/reference.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reference r;
	struct err err;
	char text[1024];

	if (len >= sizeof(text))
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (reference_parse(text, &r, &err) < 0) {
		PROMISE(err.code == OTA_USAGE);
		return 0;
	}
	/* they become parts of a URL */
	PROMISE(r.host[0] && !strpbrk(r.host, "/?#@ \\"));
	PROMISE(r.repo[0] && !strpbrk(r.repo, "?#@: \\") && !strstr(r.repo, ".."));
	PROMISE(r.name[0] && !strpbrk(r.name, "/?#@ \\"));
	return 0;
}
