/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct rollback_args {
	const char *reason;
	bool force;
};

static const struct option_row rows[] = {
	{"reason", "TEXT", "why, for 'ota status' to tell", OPTION_STRING,
		.offset = offsetof(struct rollback_args, reason)},
	{"force", NULL, "also while 'ota lock' holds updates back", OPTION_FLAG,
		.offset = offsetof(struct rollback_args, force)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "rollback is not connected yet");
}

const struct command cmd_rollback = {
	.name = "rollback",
	.synopsis = "",
	.summary = "go back to the other slot",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct rollback_args),
	.run = run,
};
