/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/container.h"
#include "cmd/output.h"
#include "service/run.h"

static void say(void *front, const char *text)
{
	output_say(front, "%s", text);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	struct container_services services;

	(void)args, (void)argc;
	if (container_services_read(front, &services, err) < 0)
		return -1;
	const struct service_spec spec = {.name = argv[0],
		.compose = front->config.container.compose,
		.root = services.root,
		.store = services.store,
		.run = services.run,
		.store_inside = services.store_inside,
		.runtime = front->config.container.runtime,
		.say = say,
		.ctx = front};
	return service_run(&spec, &front->status, err);
}

const struct command cmd_container_run = {
	.name = "container-run",
	.synopsis = "NAME",
	.summary = "supervise a service in the foreground, as init systems start it",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
