/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/output.h"
#include "trust/key.h"

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)args, (void)argc;
	if (key_generate(argv[0], err) < 0)
		return -1;
	output_say(front, "made %s.key (keep it secret) and %s.pub (for trust.d on the devices)",
		argv[0], argv[0]);
	return output_json(front,
		json_make(
			err, "{s:s+, s:s+}", "private", argv[0], ".key", "public", argv[0], ".pub"),
		err);
}

const struct command cmd_keygen = {
	.name = "keygen",
	.synopsis = "NAME",
	.summary = "make a signing key: NAME.key and NAME.pub",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
