/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/status.h"

#include <stdio.h>
#include <string.h>

#include "flow/store.h"

/* A slot that was given up in the last boot is known to be bad before that is written down. */
static bool is_bad(const struct device *d, const struct situation *s, const struct digest *digest)
{
	for (int i = 0; i < 2; i++)
		if (s->slots[i].state == SLOT_BAD && s->slots[i].has_digest &&
			digest_equal(&s->slots[i].digest, digest))
			return true;
	return bad_has(d->store, digest);
}

/* For the eye only: what is written is verified when it is written. */
static void read_fetched(const struct device *d, struct device_status *status)
{
	AUTO_SOURCE *source = store_source(d->store, &(struct err){0});
	AUTO_AUTHENTIC a = AUTHENTIC;

	status->has_fetched =
		source && authentic_load_unverified(source, &a, &(struct err){0}) == 0;
	if (!status->has_fetched)
		return;
	strcpy(status->fetched_version, a.release.version);
	status->fetched_digest = a.manifest.digest;
	status->fetched_bad = is_bad(d, &status->s, &status->fetched_digest);
}

void status_read(const struct device *d, struct device_status *status)
{
	memset(status, 0, sizeof(*status));
	situation_read(d, &status->s);
	read_fetched(d, status);
}
