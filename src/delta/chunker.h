/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts an image into chunks by what it holds, so that the same content gives the same chunks
 * wherever it stands: on the build machine, and on a device that looks for them in its slots.
 *
 * With a unit of a block, cuts are at blocks only: a file begins at one, and what fills up its last
 * block are zeros, so a block that ends in zeros ends a chunk. Large files are cut further at equal
 * steps from there; where the smallest chunk is the largest, each block is one. With a unit of 1,
 * for images whose content stands at any byte, cuts are where a rolling hash says so. Pure.
 */
#ifndef OTA_DELTA_CHUNKER_H
#define OTA_DELTA_CHUNKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunker {
	uint32_t unit_bytes, min_bytes, max_bytes;
	uint64_t mask;
	uint64_t gear[256];
};

/* unit <= min <= max, whatever they are otherwise. */
void chunker_init(struct chunker *c, uint32_t unit_bytes, uint32_t min_bytes, uint32_t max_bytes);

/* How long the chunk is that begins with these bytes, and is it all zeros? len is at least
 * max_bytes, or what is left of the image (at least 1). */
size_t chunker_cut(const struct chunker *c, const uint8_t *data, size_t len, bool *zeros);

/* Does a chunk that ends here end with the end of a file, as far as one can see? */
bool chunker_ends_file(const uint8_t *data, size_t len);

#endif
