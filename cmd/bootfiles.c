/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/boot_json.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"

struct bootfiles_args {
	const char *slot;
};

static const struct option_row rows[] = {
	{"slot", "a|b", "of this slot; the running one need not be known", OPTION_CHOICE,
		.offset = offsetof(struct bootfiles_args, slot)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct bootfiles_args *a = args;
	struct boot_result r = {0};
	struct device_facts facts;
	char slot[BOOT_SLOT_LEN];

	(void)argc, (void)argv;
	if (device_read(front, &facts, err) < 0 ||
		boot_files(&facts.device, a->slot ? a->slot[0] : '\0', front_progress(front), &r,
			err) < 0)
		return -1;
	output_say(front,
		r.already ? "the boot files of %s are there already, whole"
			  : "the boot files of %s are on the boot partition, read back",
		boot_slot(&r, slot));
	return boot_tell(front, &r, err);
}

const struct command cmd_bootfiles = {
	.name = "bootfiles",
	.synopsis = "",
	.summary = "copy the written slot's boot files to the boot partition",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct bootfiles_args),
	.run = run,
};
