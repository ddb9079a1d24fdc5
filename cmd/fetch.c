/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/install_json.h"
#include "cmd/output.h"
#include "cmd/plan.h"

#define MOVED_LEN 640

struct fetch_args {
	uint64_t budget, limit_rate;
	bool retry, downgrade, plan;
	unsigned max_time_ms;
};

static const struct option_row rows[] = {
	{"budget", "SIZE", "the most bytes to take from the network, as in 20M", OPTION_SIZE,
		.offset = offsetof(struct fetch_args, budget), .min = 1},
	{"limit-rate", "SIZE", "the most bytes a second, as in 200K", OPTION_SIZE,
		.offset = offsetof(struct fetch_args, limit_rate), .min = 1},
	{"max-time", "TIME", "the longest to use the network, as in 20min; then the status is 10",
		OPTION_TIME, .offset = offsetof(struct fetch_args, max_time_ms), .min = 1},
	{"plan", NULL, "tell what would be transferred, and from where, and change nothing",
		OPTION_FLAG, .offset = offsetof(struct fetch_args, plan)},
	{"retry", NULL, "also a release that failed on this device before", OPTION_FLAG,
		.offset = offsetof(struct fetch_args, retry)},
	{"downgrade", NULL, "also a lower version; never a lower epoch", OPTION_FLAG,
		.offset = offsetof(struct fetch_args, downgrade)},
};

/* "1.9 MB by a delta from 1.0, and 0.5 MB of frames that it did not make" */
static void tell_moved(const struct install_result *r, char text[MOVED_LEN])
{
	char moved[TEXT_BYTES_LEN], whole[TEXT_BYTES_LEN], found[TEXT_BYTES_LEN];
	int at;

	text_bytes(r->moved_bytes, moved);
	text_bytes(r->whole_bytes, whole);
	text_bytes(r->found_bytes, found);
	at = snprintf(text, MOVED_LEN, "%s", moved);
	if (r->way != WAY_IMAGE)
		at += snprintf(text + at, MOVED_LEN - at, " by %s", r->reason);
	if (r->whole_bytes)
		at += snprintf(
			text + at, MOVED_LEN - at, ", %s of it for frames it did not make", whole);
	if (r->found_bytes)
		snprintf(text + at, MOVED_LEN - at, ", and %s were there from an earlier run",
			found);
}

static void say(struct front *front, const struct install_result *r)
{
	char moved[MOVED_LEN];

	if (r->already) {
		output_say(front, "release %s is fetched already", r->release.version);
		return;
	}
	tell_moved(r, moved);
	output_say(front, "fetched release %s: %s", r->release.version, moved);
	if (r->way == WAY_IMAGE && r->reason[0])
		output_say(front, "the whole image, since %s", r->reason);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct fetch_args *a = args;
	const struct policy_options options = {a->retry, a->downgrade};
	struct install_result r;
	struct device_facts facts;

	if (device_read(front, &facts, err) < 0)
		return -1;
	/* the command line wins over ota.conf */
	if (a->budget)
		facts.device.budget = a->budget;
	if (a->limit_rate)
		front->config.network.limit_rate = a->limit_rate;
	front->config.network.max_time_ms = a->max_time_ms;
	AUTO_SOURCE *source = device_source(front, argc ? argv[0] : NULL, err);
	if (!source)
		return -1;
	if (a->plan)
		return plan_run(front, &facts.device, source, &options, err);
	if (install_fetch(&facts.device, source, &options, front_progress(front), &r, err) < 0)
		return -1;
	say(front, &r);
	return output_json(front, install_json(&r, err), err);
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
