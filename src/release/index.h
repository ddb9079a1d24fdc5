/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame index of an image layer (application/vnd.ota.index.v1): what each zstd frame holds,
 * where it stands, and the hash of what it gives, so that any part is fetched, verified and
 * written alone.
 *
 *   header, 32 bytes   "OTAINDEX", u32 cell size, u32 entries, u64 raw size, u64 coded size
 *   entry, 40 bytes    u32 cells (top bit: a run of zeros), u32 coded length, sha256 of the raw
 * bytes
 *
 * All little endian. The image is cut into cells of one size, the last may be shorter. A data entry
 * is one cell and one frame; a run of zeros is many cells, a frame each, and its hash field is
 * zero. Offsets are the running sums, so entries cannot overlap, leave holes or point outside: sums
 * that do not meet the header's sizes are an error. Pure; nothing here does I/O.
 */
#ifndef OTA_RELEASE_INDEX_H
#define OTA_RELEASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/digest.h"

#define MEDIA_TYPE_INDEX "application/vnd.ota.index.v1"
#define INDEX_MAX_BYTES (16u << 20) /* 200 GiB of image at 512 KiB a cell */
#define CELL_BYTES_MIN (256u << 10)
#define CELL_BYTES_MAX (1u << 20)
#define CODED_BYTES_MAX (CELL_BYTES_MAX + CELL_BYTES_MAX / 128) /* of one entry */

struct frame {
	uint64_t number;
	uint64_t raw_offset, raw_len;
	uint64_t coded_offset;
	uint32_t coded_len;
	bool zeros;
	struct digest digest; /* of the raw bytes; unset for zeros */
};

/* A checked view of index bytes that somebody else owns. */
struct frame_index {
	const uint8_t *entries;
	uint32_t cell_bytes, n_entries;
	uint64_t raw_bytes, coded_bytes;
};

/* Checks every entry. Errors: corrupt. */
int index_open(const void *bytes, size_t len, struct frame_index *index, struct err *err) MUST_USE;

/* Walks the entries: start with a zeroed frame, false at the end. */
bool index_next(const struct frame_index *index, struct frame *frame);

/* Writes an index: begin, add in order (raw_len: a multiple of the cell but for the last), end. */
struct index_writer {
	struct buf bytes;
	uint32_t cell_bytes, n_entries;
	uint64_t raw_bytes, coded_bytes;
};
int index_begin(struct index_writer *w, uint32_t cell_bytes, struct err *err) MUST_USE;
int index_add(struct index_writer *w, const struct frame *frame, struct err *err) MUST_USE;
void index_end(struct index_writer *w); /* bytes is complete; free it with buf_free */

#endif
