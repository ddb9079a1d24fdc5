/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate that each release passes on its way to this device: signature first, then the policy.
 */
#ifndef OTA_FLOW_ACCEPT_H
#define OTA_FLOW_ACCEPT_H

#include "flow/install.h"

/* Loads the source's release, verifies it with the device's keys, and checks that it fits. Errors:
 * untrusted, incompatible, corrupt, the source's. */
int accept_fitting(const struct device *d, const struct situation *s, struct source *source,
	struct authentic *a, struct err *err) MUST_USE;

/* And that it is newer than what runs, which must be known. Errors: nothing, config, bootenv
 * besides. */
int accept_newer(const struct device *d, const struct situation *s, struct source *source,
	const struct policy_options *options, struct authentic *a, struct err *err) MUST_USE;

/* What a command tells of it. */
void accept_result(const struct authentic *a, struct install_result *result);

#endif
