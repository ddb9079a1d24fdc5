/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/boot_json.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"

struct bootswap_args {
	bool force;
};

static const struct option_row rows[] = {
	{"force", NULL, "also while 'ota lock' holds updates back", OPTION_FLAG,
		.offset = offsetof(struct bootswap_args, force)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct bootswap_args *a = args;
	struct boot_result r = {0};
	struct device_facts facts;
	char slot[BOOT_SLOT_LEN];

	(void)argc, (void)argv;
	if (device_read(front, &facts, err) < 0 ||
		boot_swap(&facts.device, a->force, front_progress(front), &r, err) < 0)
		return -1;
	output_say(front,
		r.already ? "%s is the next to boot already, on trial"
			  : "%s is the next to boot, on trial: reboot now",
		boot_slot(&r, slot));
	return boot_tell(front, &r, err);
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
