/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"
#include "flow/install.h"
#include "flow/jitter.h"

struct check_args {
	bool retry, downgrade;
	unsigned jitter_ms;
};

static const struct option_row rows[] = {
	{"retry", NULL, "also a release that failed on this device before", OPTION_FLAG,
		.offset = offsetof(struct check_args, retry)},
	{"downgrade", NULL, "also a lower version; never a lower epoch", OPTION_FLAG,
		.offset = offsetof(struct check_args, downgrade)},
	{"jitter", "TIME", "before asking, wait this device's share of TIME", OPTION_TIME,
		.offset = offsetof(struct check_args, jitter_ms)},
};

/* Holds nothing meanwhile: other commands go on. */
static int wait_for_turn(struct front *front, const char *id, unsigned jitter_ms, struct err *err)
{
	char at[CLOCK_TEXT_LEN];
	unsigned ms;

	if (jitter_share(id, jitter_ms, &ms, err) < 0)
		return -1;
	if (ms) {
		clock_format(clock_utc_s() + ms / 1000, at);
		output_say(front, "asking at %s, in %u s", at, ms / 1000);
	}
	return interrupt_sleep_ms(ms, err);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct check_args *a = args;
	const struct policy_options options = {a->retry, a->downgrade};
	struct install_result found;
	struct device_facts facts;
	char digest[DIGEST_TEXT_LEN];

	if (device_read(front, &facts, err) < 0 ||
		wait_for_turn(front, facts.device.id, a->jitter_ms, err) < 0)
		return -1;
	AUTO_SOURCE *source = device_source(front, argc ? argv[0] : NULL, err);
	if (!source || install_check(&facts.device, source, &options, &found, err) < 0)
		return -1;
	digest_text(&found.manifest.digest, digest);
	output_data(front, "%s %s", found.release.version, digest);
	return output_json(front,
		json_make(err, "{s:s, s:s, s:I}", "version", found.release.version, "digest",
			digest, "epoch", (long long)found.release.epoch),
		err);
}

const struct command cmd_check = {
	.name = "check",
	.synopsis = "[SOURCE]",
	.summary = "is there a newer release, and is it this device's turn?",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct check_args),
	.max_args = 1,
	.run = run,
};
