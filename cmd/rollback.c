/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/boot_json.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"

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
	const struct rollback_args *a = args;
	const struct rollback_options options = {a->reason, a->force};
	struct boot_result r = {0};
	struct device_facts facts;
	char slot[BOOT_SLOT_LEN];

	(void)argc, (void)argv;
	if (device_read(front, &facts, err) < 0 ||
		boot_rollback(&facts.device, &options, front_progress(front), &r, err) < 0)
		return -1;
	output_say(front, "%s is the next to boot%s%s", boot_slot(&r, slot),
		r.trial ? ", on trial" : "", r.reboot ? ": reboot now" : "");
	return boot_tell(front, &r, err);
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
