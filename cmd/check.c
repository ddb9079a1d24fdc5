/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct check_args {
	bool retry, downgrade;
};

static const struct option_row rows[] = {
	{"retry", NULL, "also a release that failed on this device before", OPTION_FLAG,
		.offset = offsetof(struct check_args, retry)},
	{"downgrade", NULL, "also a lower version; never a lower epoch", OPTION_FLAG,
		.offset = offsetof(struct check_args, downgrade)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "check is not connected yet");
}

const struct command cmd_check = {
	.name = "check",
	.synopsis = "[SOURCE]",
	.summary = "is there a newer release, and is it this device's turn?",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct check_args),
	.max_args = 1,
	.run = run,
};
