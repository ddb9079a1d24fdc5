/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests share: cmocka's own includes, an expected failure, a scratch folder. */
#ifndef OTA_TESTS_UNIT_H
#define OTA_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* The call fails, with this code and a message. Uses a variable `err` of the test. */
#define assert_fails(call, wanted)                                                                 \
	do {                                                                                       \
		err = (struct err){0};                                                             \
		assert_int_equal((call), -1);                                                      \
		assert_int_equal(err.code, (wanted));                                              \
		assert_true(err.msg[0] != '\0');                                                   \
	} while (0)

#define assert_works(call)                                                                         \
	do {                                                                                       \
		err = (struct err){0};                                                             \
		if ((call) < 0)                                                                    \
			fail_msg("%s: %s", #call, err.msg);                                        \
	} while (0)

/* A folder of its own for a test: setup and teardown for cmocka_unit_test_setup_teardown. */
static inline int scratch_make(void **state)
{
	char *dir = strdup("/tmp/ota-unit-XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) ? 0 : -1;
}

static inline int scratch_remove(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	free(*state);
	return system(command);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

static inline const char *at(void **state, const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", (char *)*state, name);
	return path;
}

#endif
