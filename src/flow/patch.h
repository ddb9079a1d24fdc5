/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delta blob applied: its groups are decoded on all cores, each cell is held against the frame
 * index, and only then given on. A cell that does not come out right, since the base is another one
 * or the blob is damaged, is left out; that is no error.
 * Memory: a decoder and a cell a core.
 */
#ifndef OTA_FLOW_PATCH_H
#define OTA_FLOW_PATCH_H

#include "delta/delta.h"
#include "flow/transfer.h"
#include "slot/slot.h"

struct patch {
	int fd; /* of the blob */
	const char *name;
	struct slot *base;
	const struct frame_index *index;
	struct frame_set *have; /* what is there already; every cell that is made is added */
	/* Called on the workers, several at once; NULL: the cells are only checked. */
	int (*put)(void *ctx, const struct frame *f, const uint8_t *raw, struct err *err);
	void *ctx;
	const struct progress *progress; /* of the blob's bytes */
};

/* Errors: corrupt (the blob is not one for this index or base), io, interrupted, those of put. */
int patch_run(const struct patch *r, struct err *err) MUST_USE;

/* Header and table of a delta's blob in a file; the caller frees `head`, which the table views,
 * also after a failure. Errors: corrupt, io, failed. */
int patch_load_table(int fd, const char *name, uint8_t **head, struct delta_table *table,
	struct err *err) MUST_USE;

#endif
