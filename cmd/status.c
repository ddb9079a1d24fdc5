/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/status.h"

#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"
#include "cmd/services.h"

/* What is known is told even where something is not; that is then the step's failure. */
static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	struct device_facts facts;
	struct device_status status;
	struct advice advice;

	(void)args, (void)argc, (void)argv;
	if (device_read(front, &facts, err) < 0)
		return -1;
	status_read(&facts.device, &status);
	advice_find(&facts.device, &status, &advice);
	json_t *services = services_json(front, err);
	if (!services)
		return -1;
	status_tell(front, &facts.device, &status, &advice);
	if (output_json(front, status_json(&facts.device, &status, &advice, services, err), err) <
		0)
		return -1;
	return situation_require(&status.s, err);
}

const struct command cmd_status = {
	.name = "status",
	.synopsis = "",
	.summary = "slots, versions, what boots next and why; changes nothing",
	.run = run,
};
