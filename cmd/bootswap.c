/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct bootswap_args {
	bool force;
};

static const struct option_row rows[] = {
	{"force", NULL, "also while 'ota lock' holds updates back", OPTION_FLAG,
		.offset = offsetof(struct bootswap_args, force)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "bootswap is not connected yet");
}

const struct command cmd_bootswap = {
	.name = "bootswap",
	.synopsis = "",
	.summary = "make the written slot the next to boot, on trial",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct bootswap_args),
	.run = run,
};
