/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/container_check.h"

#include <stdio.h>

#include "cmd/command.h"
#include "cmd/container.h"
#include "cmd/output.h"

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	AUTO_COMPOSE c = {0};
	char path[PATH_MAX];

	(void)args;
	if (container_compose_read(front, argc ? argv[0] : NULL, path, &c, err) < 0)
		return -1;
	for (size_t i = 0; i < c.n; i++) {
		if (i)
			output_data(front, "%s", "");
		check_show(front, &c, &c.services[i]);
	}
	output_say(front, "%s: %zu service%s, no fault", path, c.n, c.n == 1 ? "" : "s");
	return output_json(front, check_json(&c, path, err), err);
}

const struct command cmd_container_check = {
	.name = "container-check",
	.synopsis = "[FILE]",
	.summary = "check the compose file, and tell how it is understood",
	.max_args = 1,
	.run = run,
};
