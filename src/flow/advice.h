/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to type next: a pure function over what status_read() has found. It never names a step that
 * the boot state machine would refuse.
 */
#ifndef OTA_FLOW_ADVICE_H
#define OTA_FLOW_ADVICE_H

#include "flow/status.h"

#define ADVICE_LEN 512

struct advice {
	char command[ADVICE_LEN]; /* "": there is nothing to do */
	char why[ADVICE_LEN];     /* what it does, or is to show; "" with no command */
};

/* Of the device it takes the paths that a command names. */
void advice_find(const struct device *d, const struct device_status *status, struct advice *advice);

/* Is what was fetched neither in the running slot nor proved in the other? It may be bad. */
bool advice_fetched_waits(const struct device_status *status);

/* Does a slot that nobody swapped to hold a proved release? */
bool advice_proved_waits(const struct device_status *status);

#endif
