/* SPDX-License-Identifier: Apache-2.0 */
#include "release/chunks.h"
#include "tests/fuzz/fuzz.h"

/* Groups and pieces follow one another without hole or overlap, up to the sizes in the header, and
 * name no chunk that there is not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct chunk_group group = {0};
	struct chunk_piece piece = {0};
	uint64_t coded = 0, raw = 0, chunks = 0, image = 0;
	struct chunk_list list;
	struct err err;

	if (chunks_open(data, len, &list, &err) < 0) {
		PROMISE(err.code == OTA_CORRUPT);
		return 0;
	}
	while (chunks_next_group(&list, &group)) {
		PROMISE(group.coded_offset == coded && group.raw_offset == raw);
		PROMISE(group.first_chunk == chunks && group.n_chunks > 0);
		PROMISE(group.raw_len > 0 && group.raw_len <= CHUNK_GROUP_BYTES_MAX);
		PROMISE(group.coded_len > 0 && group.coded_len <= CHUNK_GROUP_CODED_MAX);
		PROMISE(group.section_offset <= group.raw_offset);
		coded += group.coded_len;
		raw += group.raw_len;
		chunks += group.n_chunks;
	}
	PROMISE(coded == list.data_bytes && chunks == list.n_chunks);
	/* a few bytes can stand for an image of terabytes, in many short pieces */
	for (unsigned i = 0; i < 100000 && chunks_next_piece(&list, &piece); i++) {
		PROMISE(piece.raw_offset == image && piece.raw_len > 0);
		PROMISE(piece.zeros || piece.chunk < list.n_chunks);
		image += piece.raw_len;
		PROMISE(image <= list.raw_bytes);
	}
	return 0;
}
