/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/container.h"
#include "cmd/output.h"
#include "service/handover.h"
#include "service/locks.h"

struct stop_args {
	bool force;
};

static const struct option_row rows[] = {
	{"force", NULL, "also while something holds updates back", OPTION_FLAG,
		.offset = offsetof(struct stop_args, force)},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct stop_args *a = args;
	struct container_services services;

	(void)argc;
	if (container_services_read(front, &services, err) < 0)
		return -1;
	const struct service_place place = {services.run, services.store, argv[0]};
	const struct plan_source from = {
		front->config.container.compose, services.root, services.store, argv[0]};
	AUTO_PLAN *plan = plan_read(&from, err);
	if (!plan || (!a->force && locks_check(&place, &plan->compose, err) < 0) ||
		service_stop(&place, err) < 0)
		return -1;
	output_say(front, "'%s' is stopped", argv[0]);
	return output_json(front, json_make(err, "{s:s}", "stopped", argv[0]), err);
}

const struct command cmd_container_stop = {
	.name = "container-stop",
	.synopsis = "NAME",
	.summary = "stop a service, and end its supervisor",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct stop_args),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
