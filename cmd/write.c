/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct write_args {
	const char *slot;
	bool retry, downgrade;
};

static const struct option_row rows[] = {
	{"slot", "a|b", "write this slot; the running one need not be known", OPTION_CHOICE,
		.offset = offsetof(struct write_args, slot)},
	{"retry", NULL, "also a release that failed on this device before", OPTION_FLAG,
		.offset = offsetof(struct write_args, retry)},
	{"downgrade", NULL, "also a lower version; never a lower epoch", OPTION_FLAG,
		.offset = offsetof(struct write_args, downgrade)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "write is not connected yet");
}

const struct command cmd_write = {
	.name = "write",
	.synopsis = "[SOURCE]",
	.summary = "write the release into the slot that does not run, and read it back",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct write_args),
	.max_args = 1,
	.run = run,
};
