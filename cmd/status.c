/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "status is not connected yet");
}

const struct command cmd_status = {
	.name = "status",
	.synopsis = "",
	.summary = "slots, versions, what boots next and why; changes nothing",
	.run = run,
};
