/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunk list of an image (application/vnd.ota.reuse.chunks.v1+zstd): of what pieces the image
 * is made, so that a device on any version finds by content what it has, and where in the data
 * layer (application/vnd.ota.reuse.data.v1) the rest stands.
 *
 *   header, 64 bytes  "OTACHUNK", u32 unit, u32 smallest, u32 largest chunk, u32 chunks,
 *                     u32 groups, u32 spans, u64 raw size, u64 data size, u32 dictionary,
 *                     u32 section, 8 bytes of zeros
 *   chunk, 8 bytes    u64: length (24 bits), then the first 40 bits of the sha256 of its bytes
 *   group, 8 bytes    u32 chunks, u32 coded length
 *   span, 8 bytes     u32 first chunk, u32 chunks; or NO_CHUNK and a number of zero bytes
 *
 * All little endian; the layer is one zstd frame of it. Each chunk stands once, in the order in
 * which the image first has it. The data layer is the chunks in that order, cut into groups of
 * whole chunks, a zstd frame each. Groups that begin in the same `section` bytes of all chunks in a
 * row make a section; they are coded with a dictionary, the up to `dictionary` bytes of chunks that
 * stand before their section. So a group is small and coded well: a device has these bytes or
 * fetches them anyway. The spans give the image: so many chunks in a row, or so many zeros. Offsets
 * are running sums, so nothing can overlap or point outside. 40 bits may lie once in a long while:
 * what is made of chunks counts for nothing until its hash is the one in the frame index. Pure;
 * nothing here does I/O.
 */
#ifndef OTA_RELEASE_CHUNKS_H
#define OTA_RELEASE_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/digest.h"

#define MEDIA_TYPE_REUSE_CHUNKS "application/vnd.ota.reuse.chunks.v1+zstd"
#define MEDIA_TYPE_REUSE_DATA "application/vnd.ota.reuse.data.v1"
#define CHUNKS_MAX (1u << 17)
#define CHUNK_GROUPS_MAX CHUNKS_MAX
#define CHUNK_SPANS_MAX (1u << 18)
#define CHUNK_BLOCK_BYTES 4096             /* the unit, where it is not 1; the smallest chunk */
#define CHUNK_GROUP_BYTES_MAX (512u << 10) /* raw, of one group; so no chunk is longer */
#define CHUNK_DICTIONARY_MAX (1u << 20)
#define CHUNK_GROUP_CODED_MAX (CHUNK_GROUP_BYTES_MAX + CHUNK_GROUP_BYTES_MAX / 128)
#define CHUNK_LIST_MAX_BYTES (64u + 8u * (CHUNKS_MAX + CHUNK_GROUPS_MAX + CHUNK_SPANS_MAX))

/* A checked view of list bytes that somebody else owns. */
struct chunk_list {
	const uint8_t *chunks, *groups, *spans;
	uint32_t unit_bytes, min_bytes, max_bytes; /* as the chunker takes them */
	uint32_t n_chunks, n_groups, n_spans;
	uint32_t dictionary_bytes, section_bytes;
	uint64_t raw_bytes, data_bytes;
};

struct chunk {
	uint32_t len;
	uint64_t hash;
};

struct chunk_group {
	uint32_t number, first_chunk, n_chunks;
	uint32_t raw_len, coded_len;
	uint64_t coded_offset;   /* in the data layer */
	uint64_t raw_offset;     /* in all chunks in a row */
	uint64_t section_offset; /* there, of the first group of its section */
};

/* A piece of the image: a chunk, or zeros. */
struct chunk_piece {
	uint32_t span, within; /* where the walk stands */
	bool zeros;
	uint32_t chunk; /* its number, where it is no zeros */
	uint64_t raw_offset, raw_len;
};

/* The 40 bits of a chunk's sha256. */
uint64_t chunk_hash_of(const struct digest *digest);

/* Checks every entry. Errors: corrupt. */
int chunks_open(const void *bytes, size_t len, struct chunk_list *list, struct err *err) MUST_USE;

struct chunk chunks_get(const struct chunk_list *list, uint32_t number);

/* Walk groups and pieces in their order: start with a zeroed one, false at the end. */
bool chunks_next_group(const struct chunk_list *list, struct chunk_group *group);
bool chunks_next_piece(const struct chunk_list *list, struct chunk_piece *piece);

/* Writes a list: begin; add the image's pieces in order (a chunk that is new is one more than the
 * highest so far) and the groups in theirs; end. Errors of adding: corrupt (past a cap above),
 * failed (memory). */
struct chunk_writer {
	struct chunk_list head;
	struct buf chunks, groups, spans;
	struct {
		uint32_t first, n;
	} open; /* the span that grows */
};
/* `form` gives unit, min, max, dictionary and section. */
void chunks_begin(struct chunk_writer *w, const struct chunk_list *form);
int chunks_add_new(struct chunk_writer *w, const struct chunk *chunk, struct err *err) MUST_USE;
int chunks_add_again(
	struct chunk_writer *w, uint32_t number, uint32_t len, struct err *err) MUST_USE;
int chunks_add_zeros(struct chunk_writer *w, uint32_t len, struct err *err) MUST_USE;
int chunks_add_group(
	struct chunk_writer *w, uint32_t n_chunks, uint32_t coded_len, struct err *err) MUST_USE;
int chunks_end(struct chunk_writer *w, struct buf *bytes, struct err *err) MUST_USE;
void chunks_free(struct chunk_writer *w);

#endif
