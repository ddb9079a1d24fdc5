/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The most bytes that one release may take from the network, over all runs and reboots. What was
 * taken is noted in the store, and in steps before it is taken: a cut, by whatever, loses at most a
 * step of the budget, and never lets more come. The note is of one release, and goes with the next.
 */
#ifndef OTA_FLOW_BUDGET_H
#define OTA_FLOW_BUDGET_H

#include <limits.h>

#include "flow/device.h"
#include "io/source.h"

#define BUDGET_STEP (512u << 10)

struct budget {
	struct source *source; /* what is counted; NULL: nothing */
	struct http_meter meter;
	char path[PATH_MAX];
	struct digest content;
	uint64_t limit, taken, booked;
};

/* What earlier runs have taken for a release; 0 where there is no note of it, or none that can be
 * read. Errors: io, usage (the path is too long). */
int budget_taken(const struct device *d, const struct digest *content, uint64_t *taken,
	struct err *err) MUST_USE;

/* Is so much left for the release? Then what the source has given and gives is counted, and the
 * source ends with `space` where it would be more. What was counted by an earlier budget on the
 * same source is not counted again, be it for this release or for another one. Without a budget, or
 * from a folder, all is allowed. b is zeroed, stays where it is, and is closed before the source.
 * Errors: space, io. */
int budget_open(struct budget *b, const struct device *d, struct source *source,
	const struct digest *content, uint64_t need, struct err *err) MUST_USE;

/* The release is there, and nothing of it needs to be counted any more. Errors: io. */
int budget_done(struct budget *b, struct err *err) MUST_USE;

/* Notes what was really taken. */
void budget_close(struct budget *b);

#define AUTO_BUDGET CLEANUP(budget_close) struct budget

#endif
