/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "cmd/boot_json.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"

struct commit_args {
	bool no_checks;
};

static const struct option_row rows[] = {
	{"no-checks", NULL, "keep it without running the self-tests", OPTION_FLAG,
		.offset = offsetof(struct commit_args, no_checks)},
};

/* Without the ends of its lines at the end: each thing that is said ends its own. */
static int length(const char *output)
{
	size_t len = strlen(output);

	while (len && strchr("\r\n", output[len - 1]))
		len--;
	return (int)len;
}

/* What a check said is only worth its place where it did not pass, or where one wants to see all.
 */
static void report(void *ctx, const struct check_report *r)
{
	struct front *front = ctx;
	int len = length(r->output);

	if (!r->why[0]) {
		output_say(front, "check %s passed", r->name);
		if (len)
			output_detail(front, "%.*s", len, r->output);
		return;
	}
	output_say(front, "check %s failed%s: %s", r->name,
		r->required ? "" : " (it is only wanted)", r->why);
	if (len)
		output_say(front, "%.*s", len, r->output);
}

static int commit(struct front *front, const struct device *d, bool no_checks,
	struct boot_result *r, struct err *err)
{
	const struct checks checks = {.dir = d->checks,
		.timeout_ms = d->checks_timeout_ms,
		.report = report,
		.ctx = front};

	return boot_commit(d, no_checks ? NULL : &checks, r, err);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct commit_args *a = args;
	struct boot_result r = {0};
	struct device_facts facts;
	char slot[BOOT_SLOT_LEN];

	(void)argc, (void)argv;
	if (device_read(front, &facts, err) < 0 ||
		commit(front, &facts.device, a->no_checks, &r, err) < 0)
		return -1;
	output_say(front, "%s is good and stays", boot_slot(&r, slot));
	return boot_tell(front, &r, err);
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
