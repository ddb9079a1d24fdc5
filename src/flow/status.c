/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/status.h"

#include <stdio.h>
#include <string.h>

#include "flow/policy.h"
#include "flow/store.h"

/* For the eye only: what is written is verified when it is written. */
static void read_fetched(const struct device *d, struct device_status *status)
{
	AUTO_SOURCE *source = store_source(d->store, TAG_FETCHED, &(struct err){0});
	AUTO_AUTHENTIC a = AUTHENTIC;

	status->has_fetched =
		source && authentic_load_unverified(source, &a, &(struct err){0}) == 0;
	if (!status->has_fetched)
		return;
	strcpy(status->fetched_version, a.release.version);
	status->fetched_digest = a.manifest.digest;
	status->fetched_content = a.release.content;
	status->fetched_bad = policy_is_bad(d, &status->s, &a.release.content);
}

void status_read(const struct device *d, struct device_status *status)
{
	memset(status, 0, sizeof(*status));
	situation_read(d, &status->s);
	read_fetched(d, status);
}
