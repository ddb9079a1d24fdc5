/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct fetch_args {
	bool retry, downgrade;
};

static const struct option_row rows[] = {
	{"retry", NULL, "also a release that failed on this device before", OPTION_FLAG,
		.offset = offsetof(struct fetch_args, retry)},
	{"downgrade", NULL, "also a lower version; never a lower epoch", OPTION_FLAG,
		.offset = offsetof(struct fetch_args, downgrade)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "fetch is not connected yet");
}

const struct command cmd_fetch = {
	.name = "fetch",
	.synopsis = "[SOURCE]",
	.summary = "bring a release into the store, verified and resumable",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct fetch_args),
	.max_args = 1,
	.run = run,
};
