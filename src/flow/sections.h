/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data layer of a chunk list, see chunks.h: chunks in, groups out, coded on all cores section
 * by section and written in order.
 *
 *   sections_begin -> sections_add* -> sections_end -> sections_free
 */
#ifndef OTA_FLOW_SECTIONS_H
#define OTA_FLOW_SECTIONS_H

#include "base/pool.h"
#include "io/digest.h"
#include "release/chunks.h"

/* More of the first or less of the second would spare some bytes, and cost the build machine more
 * time: a dictionary is indexed once a section. Off the blocks, so that it cannot begin as a file
 * does: zstd takes one that begins with its magic number for a dictionary of another kind. */
#define DICTIONARY_BYTES ((256u << 10) - 64)
#define SECTION_BYTES (64u << 10)

struct sections {
	struct chunk_writer *list; /* has its form; gets the groups */
	int level;                 /* of zstd */
	int out_fd;                /* from offset 0 on; the caller's */
	const char *out_path;
	struct digest_state *hash; /* of what is written; the caller's */
	/* the rest is zeroed, and not the caller's */
	struct pool *pool;
	struct job *open;    /* the section that is being filled; NULL: none */
	struct group *group; /* the group in it; NULL: none */
	uint64_t raw_bytes;  /* of all chunks so far */
	uint8_t *before;     /* the last of them before the section: the dictionary */
	size_t before_len;
};

/* Stays where it is until sections_free(), which is due also after a failure. Errors: failed. */
int sections_begin(struct sections *s, struct err *err) MUST_USE;

/* Adds the chunk that is new to the list. Errors: failed, io, space, corrupt (too many groups). */
int sections_add(struct sections *s, const uint8_t *data, size_t len, struct err *err) MUST_USE;
int sections_end(struct sections *s, struct err *err) MUST_USE;
void sections_free(struct sections *s);

#endif
