/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Do not disturb me now", said by the operator (`ota lock`) or by a service: by a file
 * `updates.lock` in the folder that it sees as /run/ota and /tmp/balena, or by flock(2) on a file
 * `update.lock` there, which ends with its holder. The services of one compose file belong
 * together: one that is locked holds all of them back. A lock ends with its container.
 */
#ifndef OTA_SERVICE_LOCKS_H
#define OTA_SERVICE_LOCKS_H

#include "oci/compose.h"
#include "service/place.h"

#define LOCKS_BY_EXISTENCE "updates.lock"
#define LOCKS_BY_FLOCK "update.lock"

/* Errors: busy (who holds it, since when, and how to go on), io. */
int locks_check(
	const struct service_place *place, const struct compose *compose, struct err *err) MUST_USE;

#endif
