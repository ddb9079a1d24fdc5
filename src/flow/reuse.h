/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing an image by what the device has of it already, whatever version that is: the release's
 * chunk list is held against the running slot and the other one, only the chunks that neither has
 * cross the network, and what comes out is a delta blob against the running slot, as if the
 * release had come with one.
 *
 *   reuse_plan -> reuse_run -> reuse_free
 *
 * Nothing that is found counts until the cell made of it has the hash of the signed index. A cell
 * that cannot be made so (a hash of 40 bits that lied, a base that changes while it is read) is
 * left for the caller to bring whole: the caller of reuse_run() then has all it needs with the
 * blob and the frames that are still not in `have`.
 * Memory: some 8 MiB for most images, 16 MiB at most, whatever the size.
 */
#ifndef OTA_FLOW_REUSE_H
#define OTA_FLOW_REUSE_H

#include "flow/transfer.h"
#include "release/release.h"

struct reuse {
	const char *store; /* made and locked by the caller */
	struct source *source;
	const struct image *image;       /* reuse_is_offered() */
	const struct frame_index *index; /* of that image, from the store */
	/* The frames that need not be made: those that are there. What the blob makes is added. */
	struct frame_set *have;
	const char *running; /* the device of the slot that runs: the blob's base; NULL: unknown */
	const char *other;   /* the other slot's; NULL: it may not be read */
	const struct progress *progress;
	bool dry; /* reuse_plan() changes nothing in the store */
};

/* What reuse_run() will take from the network, and what of that an earlier run has left. */
struct reuse_cost {
	uint64_t list_bytes;  /* the chunk list, which reuse_plan() itself has taken; 0: the store
				 had it */
	uint64_t data_bytes;  /* still to come */
	uint64_t requests;    /* in so many ranges */
	uint64_t kept_bytes;  /* of the data, from an earlier run */
	uint64_t found_bytes; /* raw, found in the slots */
	uint64_t room_bytes; /* in the store, at most: what comes, and what the blob keeps of it and
				of the other slot */
};

/* Does the release bring what it takes? */
bool reuse_is_offered(const struct image *image);

/* Loads the chunk list, and looks for its chunks in the slots, on all cores; a slot that cannot be
 * read has nothing. All that `r` points to stays the caller's, and must outlive the plan. Errors:
 * corrupt (the list), the source's, io (the store), space, failed (memory), interrupted; the caller
 * can always bring the ordinary layer instead. */
struct reuse_plan;
struct reuse_plan *reuse_plan(
	const struct reuse *r, struct reuse_cost *cost, struct err *err) MUST_USE;
void reuse_free(struct reuse_plan *p);

/* Fetches the chunks that are missing, and publishes the blob at this path. What arrived before a
 * failure stays in STORE/partial and is found by its hash. Errors: those of reuse_plan(), none of
 * which leaves anything at the path. */
int reuse_run(struct reuse_plan *p, const char *blob_path, struct err *err) MUST_USE;

static inline void cleanup_reuse(struct reuse_plan **p)
{
	if (*p)
		reuse_free(*p);
}

#define AUTO_REUSE CLEANUP(cleanup_reuse) struct reuse_plan

#endif
