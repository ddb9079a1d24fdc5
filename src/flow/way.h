/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in which a root file system can come to a device, and the choice of the one that takes
 * the fewest bytes from the network.
 */
#ifndef OTA_FLOW_WAY_H
#define OTA_FLOW_WAY_H

#include "flow/authentic.h"
#include "flow/deltas.h"
#include "flow/install.h"
#include "flow/situation.h"

struct bring;
struct bring_reuse;

struct way {
	enum install_way kind;
	struct descriptor delta;   /* of WAY_DELTA: the blob */
	struct bring_reuse *reuse; /* of WAY_REUSE: what it lacks */
	uint64_t room_bytes;       /* in the store, beside what comes */
};

/* Chooses after bring_plan(), and puts what it takes, and why, into the result. Errors: those of
 * deltas_find() and reuse_plan() but for what only they can be to blame for. */
int way_choose(const struct bring *b, const struct authentic *a, const struct situation *s,
	struct way *way, struct install_result *result, struct err *err) MUST_USE;
void way_free(struct way *way);

#define AUTO_WAY CLEANUP(way_free) struct way

#endif
