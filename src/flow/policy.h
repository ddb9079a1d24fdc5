/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this device takes: the rules that hold always, and what counts as newer.
 */
#ifndef OTA_FLOW_POLICY_H
#define OTA_FLOW_POLICY_H

#include "flow/authentic.h"
#include "flow/situation.h"

struct policy_options {
	bool retry;     /* also what failed here before */
	bool downgrade; /* also a lower version, never a lower epoch */
};

/* May this release be on this device at all? Errors: incompatible, untrusted (channel, expired,
 * not valid yet, epoch). */
int policy_check_fit(const struct device *d, const struct situation *s, const struct release *r,
	struct err *err) MUST_USE;

/* Did this content fail on this device before, as far as the environment or the store tells? */
bool policy_is_bad(const struct device *d, const struct situation *s, const struct digest *content);

/* The same as an error, unless it is to be tried again. Errors: nothing. */
int policy_check_not_bad(const struct device *d, const struct situation *s,
	const struct authentic *a, const struct policy_options *options, struct err *err) MUST_USE;

/* Is it newer than what runs, not known to be bad, and is it this device's turn? Errors: nothing,
 * and config where it comes in waves and this device has no name. */
int policy_check_newer(const struct device *d, const struct situation *s, const struct authentic *a,
	const struct policy_options *options, struct err *err) MUST_USE;

#endif
