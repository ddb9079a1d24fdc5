/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct commit_args {
	bool no_checks;
};

static const struct option_row rows[] = {
	{"no-checks", NULL, "keep it without running the self-tests", OPTION_FLAG,
		.offset = offsetof(struct commit_args, no_checks)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "commit is not connected yet");
}

const struct command cmd_commit = {
	.name = "commit",
	.synopsis = "",
	.summary = "on trial: run the self-tests, then keep this slot",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct commit_args),
	.run = run,
};
