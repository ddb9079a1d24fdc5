/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "keygen is not connected yet");
}

const struct command cmd_keygen = {
	.name = "keygen",
	.synopsis = "NAME",
	.summary = "make a signing key: NAME.key and NAME.pub",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
