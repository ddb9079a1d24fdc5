/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that there is to tell of a device, without changing anything and without a lock.
 */
#ifndef OTA_FLOW_STATUS_H
#define OTA_FLOW_STATUS_H

#include "flow/situation.h"
#include "release/release.h"

struct device_status {
	struct situation s;
	bool has_fetched;
	char fetched_version[WORD_LEN];
	struct digest fetched_digest, fetched_content;
	bool fetched_bad; /* it failed on this device before */
};

/* Cannot fail: what could not be learnt is missing, s.running_err and s.env_err tell why. */
void status_read(const struct device *d, struct device_status *status);

#endif
