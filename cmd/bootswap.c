/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/mem.h"
#include "cmd/boot_json.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"

struct bootswap_args {
	const char *slot, *defaults;
	bool force, factory;
};

/* Where build systems put what U-Boot has compiled in. */
#define DEFAULTS "/etc/u-boot-initial-env"

static const struct option_row rows[] = {
	{"factory", NULL, "make the boot environment, with the slot of --slot good: no trial",
		OPTION_FLAG, .offset = offsetof(struct bootswap_args, factory)},
	{"slot", "a|b", "with --factory: the slot", OPTION_CHOICE,
		.offset = offsetof(struct bootswap_args, slot)},
	{"defaults", "FILE", "with --factory: the variables of a new environment", OPTION_FILE,
		.offset = offsetof(struct bootswap_args, defaults)},
	{"force", NULL, "also while 'ota lock' holds updates back", OPTION_FLAG,
		.offset = offsetof(struct bootswap_args, force)},
};

static int make_new(
	struct front *front, const struct device *d, const struct bootswap_args *a, struct err *err)
{
	const char *defaults = a->defaults;
	struct boot_result r = {0};
	char slot[BOOT_SLOT_LEN], path[PATH_MAX];

	if (!defaults && front_path(front, DEFAULTS, path, err) < 0)
		return -1;
	if (!defaults && access(path, F_OK) == 0)
		defaults = path;
	if (boot_factory(d, a->slot[0], defaults, front_progress(front), &r, err) < 0)
		return -1;
	output_say(front, "a new boot environment: %s is good and boots", boot_slot(&r, slot));
	return boot_tell(front, &r, err);
}

static int check_options(const struct bootswap_args *a, struct err *err)
{
	if (a->factory && !a->slot)
		return err_set(err, OTA_USAGE, "--factory needs --slot a or --slot b");
	if (!a->factory && (a->slot || a->defaults))
		return err_set(err, OTA_USAGE, "--slot and --defaults go with --factory");
	return 0;
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct bootswap_args *a = args;
	struct boot_result r = {0};
	struct device_facts facts;
	char slot[BOOT_SLOT_LEN];

	(void)argc, (void)argv;
	if (check_options(a, err) < 0 || device_read(front, &facts, err) < 0)
		return -1;
	if (a->factory)
		return make_new(front, &facts.device, a, err);
	if (boot_swap(&facts.device, a->force, front_progress(front), &r, err) < 0)
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
