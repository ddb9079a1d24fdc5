/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make up reuse.h share, and nobody else looks into. */
#ifndef OTA_FLOW_REUSE_PLAN_H
#define OTA_FLOW_REUSE_PLAN_H

#include <limits.h>

#include "flow/reuse.h"
#include "release/chunks.h"
#include "slot/slot.h"

/* Where a chunk was found. */
enum place_kind { PLACE_NOWHERE, PLACE_RUNNING, PLACE_OTHER };
struct place {
	uint64_t kind : 2, offset : 62;
};

/* One group of the data layer. */
struct part {
	struct chunk_group group;
	bool wanted, kept; /* a chunk of it is missing; it lies in the partial file, and is sound */
};

struct reuse_plan {
	struct reuse r;
	uint8_t *list_bytes;
	struct chunk_list list;
	struct place *places; /* of each chunk */
	struct part *parts;   /* of each group */
	struct slot slots[2]; /* by PLACE_RUNNING - 1, PLACE_OTHER - 1; fd -1: none */
	int partial_fd;       /* the chunks in a row, with holes where nothing came yet */
	char partial_path[PATH_MAX];
};

/* The group that a chunk stands in. */
const struct part *part_of(const struct reuse_plan *p, uint32_t chunk);

/* Walks on to the piece that holds this byte of the image. */
void piece_seek(const struct chunk_list *list, struct chunk_piece *piece, uint64_t raw_offset);

/* Where a chunk stands in all chunks in a row. */
uint64_t chunk_offset(const struct reuse_plan *p, const struct part *part, uint32_t chunk);

/* Looks for the chunks in the slots. */
int reuse_scan(struct reuse_plan *p, struct err *err) MUST_USE;

/* Opens what an earlier run has left of the data, and finds in it what is sound. */
int reuse_open_partial(struct reuse_plan *p, struct err *err) MUST_USE;

/* The end of the run of groups to ask for at once that begins with the number `first`, which is
 * missing: one past its last. */
uint32_t reuse_range_end(const struct reuse_plan *p, uint32_t first);

/* Gives len bytes of a chunk, `skip` into it, from where it was found or from what came of its
 * part. Errors: io, corrupt. */
int reuse_read(const struct reuse_plan *p, const struct part *part, uint32_t chunk, uint64_t skip,
	uint8_t *data, size_t len, struct err *err) MUST_USE;

/* The first byte, in all chunks in a row, of a group's dictionary. */
uint64_t dictionary_offset(const struct reuse_plan *p, const struct part *part);

/* Fetches what is wanted and not kept. */
int reuse_fetch(struct reuse_plan *p, struct err *err) MUST_USE;

/* Makes the cells, and of them the blob. */
int reuse_make(struct reuse_plan *p, const char *blob_path, struct err *err) MUST_USE;

static inline bool part_is_missing(const struct part *part)
{
	return part->wanted && !part->kept;
}

#endif
