/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "oci/image_exec.h"
#include "oci/passwd.h"
#include "tests/fuzz/fuzz.h"

static void read_config(const char *text, size_t len)
{
	struct arena arena = {0};
	struct image_exec e;
	struct err err;

	if (image_exec_parse(text, len, &arena, &e, &err) < 0) {
		PROMISE(err.code == OTA_CORRUPT);
	} else {
		PROMISE(!*e.working_dir || *e.working_dir == '/');
		for (size_t i = 0; i < e.environment.n; i++)
			PROMISE(*e.environment.items[i].name && e.environment.items[i].value);
		PROMISE((e.health.test == COMPOSE_TEST_EXEC ||
				e.health.test == COMPOSE_TEST_SHELL) == !!e.health.words.n);
	}
	arena_free(&arena);
}

/* The user, etc/passwd and etc/group, with a NUL behind each of the first two. */
static void find_user(const char *text, size_t len)
{
	AUTO_FREE char *user = strndup(text, len), *passwd = NULL, *group = NULL;
	static struct oci_user u;
	struct err err;
	size_t at = strnlen(text, len);

	at += at < len;
	passwd = strndup(text + at, len - at);
	at += strnlen(text + at, len - at);
	at += at < len;
	group = strndup(text + at, len - at);
	PROMISE(user && passwd && group);
	if (oci_user_match(passwd, group, user, &u, &err) < 0) {
		PROMISE(err.code == OTA_CONFIG || err.code == OTA_CORRUPT);
		return;
	}
	PROMISE(u.uid != UINT32_MAX && u.gid != UINT32_MAX);
	PROMISE(u.n_groups <= OCI_GROUPS_MAX && *u.home == '/');
}

/* The same bytes as an image's config, and as the files of a root. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	read_config((const char *)data, len);
	find_user((const char *)data, len);
	return 0;
}
