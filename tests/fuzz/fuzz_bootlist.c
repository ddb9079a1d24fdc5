/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fatname.h"
#include "boot/bootlist.h"
#include "tests/fuzz/fuzz.h"

static int take(void *ctx, const char *path, const struct digest *digest, struct err *err)
{
	size_t *n = ctx;

	(void)digest;
	PROMISE(fatname_check(path, err) == 0);
	++*n;
	return 0;
}

/* As it is, which its last line forbids but for the seeds, and again with the end that it lacks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO_BUF list = BUF(BOOTLIST_MAX);
	struct digest content;
	struct err err;
	size_t n = 0;

	if (bootlist_parse((const char *)data, len, &content, take, &n, &err) == 0)
		PROMISE(n < len);
	if (buf_add(&list, data, len, &err) == 0 && len && bootlist_end(&list, &err) == 0 &&
		bootlist_parse(list.data, list.len, &content, take, &n, &err) == 0)
		PROMISE(n < list.len);
	return 0;
}
