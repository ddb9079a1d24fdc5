/* SPDX-License-Identifier: Apache-2.0 */
#include "release/index.h"
#include "tests/fuzz/fuzz.h"

/* Entries follow one another without hole or overlap, up to the sizes in the header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t raw = 0, coded = 0, n = 0;
	struct frame_index index;
	struct frame f = {0};
	struct err err;

	if (index_open(data, len, &index, &err) < 0) {
		PROMISE(err.code == OTA_CORRUPT);
		return 0;
	}
	for (; index_next(&index, &f); n++) {
		PROMISE(f.number == n && f.raw_offset == raw && f.coded_offset == coded);
		PROMISE(f.raw_len > 0 && f.coded_len > 0 && f.coded_len <= CODED_BYTES_MAX);
		PROMISE(f.zeros || f.raw_len <= index.cell_bytes);
		raw += f.raw_len;
		coded += f.coded_len;
	}
	PROMISE(raw == index.raw_bytes && coded == index.coded_bytes && n == index.n_entries);
	return 0;
}
