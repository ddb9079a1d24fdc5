/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/install_json.h"
#include "cmd/output.h"

struct write_args {
	const char *slot;
	bool retry, downgrade;
	unsigned max_time_ms;
};

static const struct option_row rows[] = {
	{"slot", "a|b", "write this slot; the running one need not be known", OPTION_CHOICE,
		.offset = offsetof(struct write_args, slot)},
	{"max-time", "TIME", "the longest to use the network, as in 20min; then the status is 10",
		OPTION_TIME, .offset = offsetof(struct write_args, max_time_ms), .min = 1},
	{"retry", NULL, "also a release that failed on this device before", OPTION_FLAG,
		.offset = offsetof(struct write_args, retry)},
	{"downgrade", NULL, "also a lower version; never a lower epoch", OPTION_FLAG,
		.offset = offsetof(struct write_args, downgrade)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct write_args *a = args;
	const struct write_options options = {
		.policy = {a->retry, a->downgrade}, .slot = a->slot ? a->slot[0] : '\0'};
	AUTO_SOURCE *source = NULL;
	struct install_result r;
	struct device_facts facts;

	if (device_read(front, &facts, err) < 0)
		return -1;
	front->config.network.max_time_ms = a->max_time_ms;
	if (argc && !(source = device_source(front, argv[0], err)))
		return -1;
	if (install_write(&facts.device, source, &options, front_progress(front), &r, err) < 0)
		return -1;
	output_say(front,
		r.already ? "slot %c holds release %s already, proved"
			  : "slot %c holds release %s: written, read back, proved",
		r.slot, r.release.version);
	return output_json(front, install_json(&r, err), err);
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
