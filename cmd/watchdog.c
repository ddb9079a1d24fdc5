/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/watchdog.h"

#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"

struct watchdog_args {
	unsigned deadline_ms;
};

static const struct option_row rows[] = {
	{"deadline", "TIME", "pet so long without a commit, as in 10min", OPTION_TIME,
		.offset = offsetof(struct watchdog_args, deadline_ms), .min = 1},
};

static void say(void *ctx, bool wrong, const char *text)
{
	if (wrong)
		output_warn(ctx, "%s", text);
	else
		output_say(ctx, "%s", text);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct watchdog_args *a = args;
	const struct config *c = front_host_config(front, err);
	struct device_facts facts;

	(void)argc, (void)argv;
	if (!c || device_read(front, &facts, err) < 0)
		return -1;
	const struct watchdog_options options = {.path = c->boot.watchdog,
		.timeout_s = (c->boot.watchdog_timeout_ms + 999) / 1000,
		.deadline_ms = a->deadline_ms ? a->deadline_ms : c->boot.watchdog_deadline_ms,
		.close_after = !strcmp(c->boot.watchdog_after, "close"),
		.say = say,
		.ctx = front};
	if (watchdog_keep(&facts.device, &options, err) < 0)
		return -1;
	return output_json(
		front, json_make(err, "{s:s, s:b}", "watchdog", options.path, "closed", true), err);
}

const struct command cmd_watchdog = {
	.name = "watchdog",
	.synopsis = "",
	.summary = "pet the hardware watchdog while the trial lasts",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct watchdog_args),
	.run = run,
};
