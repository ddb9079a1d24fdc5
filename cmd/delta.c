/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/delta_json.h"
#include "cmd/network.h"
#include "cmd/output.h"

struct delta_args {
	const char *from, *to, *output;
	uint64_t level;
};

#define AT(field) offsetof(struct delta_args, field)

static const struct option_row rows[] = {
	{"from", "SOURCE", "the release that devices have: LAYOUT[:TAG] or any other source",
		OPTION_FILE, .offset = AT(from), .required = true},
	{"to", "SOURCE", "the release that they are to get", OPTION_FILE, .offset = AT(to),
		.required = true},
	{"output", "LAYOUT", "the OCI layout that holds that release, where --to is not a layout",
		OPTION_FILE, .offset = AT(output), .letter = 'o'},
	{"level", "N", "zstd level, 1 to 19", OPTION_UINT, .offset = AT(level), .preset = "19",
		.min = 1, .max = 19},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct delta_args *a = args;
	struct network network;
	char digest[DIGEST_TEXT_LEN];
	struct delta_result r;

	(void)argc, (void)argv;
	if (network_read_if_any(front, &network, err) < 0)
		return -1;
	const struct delta_spec spec = {a->from, a->to, a->output, (int)a->level, &network.options};
	if (delta_make(&spec, front_progress(front), &r, err) < 0)
		return -1;
	delta_say(front, &r);
	if (!r.already)
		output_say(
			front, "no device uses it before it is signed: ota sign --key FILE LAYOUT");
	digest_text(&r.manifest.digest, digest);
	output_data(front, "%s", digest);
	return output_json(front, delta_json(&r, err), err);
}

const struct command cmd_delta = {
	.name = "delta",
	.synopsis = "",
	.summary = "add a delta to a release, so that devices transfer less",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct delta_args),
	.run = run,
};
