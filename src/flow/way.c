/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/way.h"

#include <stdio.h>

#include "flow/bring.h"
#include "flow/bring_delta.h"

/* What runs, as far as a delta can start from it. */
static const struct slot_record *base_of(const struct situation *s)
{
	const struct slot_record *r = s->running ? &s->slots[s->running - 'a'] : NULL;

	return r && r->has_digest ? r : NULL;
}

static int try_delta(const struct bring *b, const struct authentic *a,
	const struct slot_record *base, struct way *way, struct install_result *result,
	struct err *err)
{
	const struct image *image = release_rootfs(b->release);
	AUTO_KEYRING *keyring = keyring_load(b->d->trust, err);
	struct delta_found found;
	uint64_t there;
	bool is_there;

	if (!keyring || deltas_find(b->source, keyring, b->d->signers, &a->manifest, &a->release,
				&base->content, &found, &is_there, err) < 0)
		return -1;
	if (!is_there) {
		snprintf(result->reason, sizeof(result->reason), "there is no delta from %s%s%s",
			base->version, found.passed_over[0] ? ": " : "", found.passed_over);
		return 0;
	}
	if (bring_delta_found(b, image, &found.artifact.blob, &there, err) < 0)
		return -1;
	if (found.artifact.blob.size - there >= result->image_bytes) {
		snprintf(result->reason, sizeof(result->reason), "the delta from %s is no smaller",
			base->version);
		return 0;
	}
	*way = (struct way){WAY_DELTA, found.artifact.blob};
	snprintf(result->reason, sizeof(result->reason), "a delta from %s", base->version);
	result->found_bytes += there;
	result->moved_bytes += found.artifact.blob.size - there - result->image_bytes;
	return 0;
}

int way_choose(const struct bring *b, const struct authentic *a, const struct situation *s,
	struct way *way, struct install_result *result, struct err *err)
{
	const struct slot_record *base = base_of(s);

	*way = (struct way){.kind = WAY_IMAGE};
	result->reason[0] = '\0';
	if (!result->image_bytes)
		return 0;
	if (base) {
		if (try_delta(b, a, base, way, result, err) < 0)
			return -1;
	} else
		snprintf(result->reason, sizeof(result->reason), "what runs is not known");
	result->way = way->kind;
	return 0;
}
