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
	struct buf list_bytes;
	struct chunk_list list;
	struct place *places; /* of each chunk */
	struct part *parts;   /* of each group */
	struct slot slots[2]; /* by PLACE_RUNNING - 1, PLACE_OTHER - 1; fd -1: none */
	int partial_fd;
	char partial_path[PATH_MAX];
};

/* Decodes a group into memory, and keeps the last one. Belongs to one thread. */
struct part_reader {
	struct zstd_decoder *zstd;
	uint8_t *raw, *coded;
	const struct part *held; /* is in raw; NULL: none */
};
int part_reader_init(struct part_reader *r, struct err *err) MUST_USE;
void part_reader_free(struct part_reader *r);

/* Decodes r->coded, and compares each chunk's hash; true: it is sound, and in r->raw. */
bool part_check(struct part_reader *r, const struct reuse_plan *p, const struct part *part);

/* Loads a kept one into r->raw. Errors: corrupt, io. */
int part_load(struct part_reader *r, const struct reuse_plan *p, const struct part *part,
	struct err *err) MUST_USE;

/* The group that a chunk stands in. */
const struct part *part_of(const struct reuse_plan *p, uint32_t chunk);

/* Walks on to the piece that holds this byte of the image. */
void piece_seek(const struct chunk_list *list, struct chunk_piece *piece, uint64_t raw_offset);

/* Looks for the chunks in the slots. */
int reuse_scan(struct reuse_plan *p, struct err *err) MUST_USE;

/* Opens what an earlier run has left of the data, and finds in it what is sound. */
int reuse_open_partial(struct reuse_plan *p, struct err *err) MUST_USE;

/* The end of the run of groups to ask for at once that begins with the number `first`, which is
 * missing: one past its last. */
uint32_t reuse_range_end(const struct reuse_plan *p, uint32_t first);

/* Fetches what is wanted and not kept. */
int reuse_fetch(struct reuse_plan *p, struct err *err) MUST_USE;

/* Makes the cells, and of them the blob. */
int reuse_make(struct reuse_plan *p, const char *blob_path, struct err *err) MUST_USE;

static inline bool part_is_missing(const struct part *part)
{
	return part->wanted && !part->kept;
}

#endif
