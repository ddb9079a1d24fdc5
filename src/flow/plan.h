/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fetch would bring, without bringing it.
 */
#ifndef OTA_FLOW_PLAN_H
#define OTA_FLOW_PLAN_H

#include "flow/install.h"

struct install_plan {
	struct install_result
		result; /* found and moved: of the layers; slot: that holds it, or 0 */
	/* besides: what tells of the release and is read by every run, and what the store lacks of
	 * the layers' indexes */
	uint64_t manifest_bytes, index_bytes;
	uint64_t budget_taken_bytes; /* by earlier runs; 0 without a budget */
};

/* Decides as install_fetch() does, and reckons what it would bring. Takes no lock and changes
 * nothing; what it tells is of this moment. Errors: those of install_check(), io. */
int install_plan(const struct device *d, struct source *source,
	const struct policy_options *options, struct install_plan *plan, struct err *err) MUST_USE;

#endif
