/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/jitter.h"

#include <sys/random.h>

#include "io/digest.h"

/* 32 bits of the name's hash: what `sha256sum` shows first, so that anyone can reckon it. */
static int place_of(const char *id, uint32_t *place, struct err *err)
{
	struct digest hash;

	if (digest_of(id, strlen(id), &hash, err) < 0)
		return -1;
	*place = 0;
	for (int i = 0; i < 4; i++)
		*place = *place << 8 | hash.bytes[i];
	return 0;
}

static int any_place(uint32_t *place, struct err *err)
{
	if (getrandom(place, sizeof(*place), 0) != sizeof(*place))
		return err_errno(err, OTA_FAILED, "no random number");
	return 0;
}

int jitter_share(const char *id, unsigned bound_ms, unsigned *share_ms, struct err *err)
{
	uint32_t place;

	if ((id ? place_of(id, &place, err) : any_place(&place, err)) < 0)
		return -1;
	*share_ms = (unsigned)((uint64_t)bound_ms * place >> 32);
	return 0;
}
