/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two forms of `ota status`: a screen for people, an object for programs.
 */
#ifndef OTA_CMD_STATUS_H
#define OTA_CMD_STATUS_H

#include "cmd/front.h"
#include "flow/advice.h"
#include "io/json.h"

/* Prints the screen; silent with --json. */
void status_tell(struct front *front, const struct device *d, const struct device_status *status,
	const struct advice *advice);

/* services is handed over, also when this fails. The caller's; NULL: see err. Errors: failed. */
json_t *status_json(const struct device *d, const struct device_status *status,
	const struct advice *advice, json_t *services, struct err *err) MUST_USE;

#endif
