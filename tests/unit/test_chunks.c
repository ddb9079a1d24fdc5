/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks: where an image is cut, and the list that says so. */
#include "base/le.h"
#include "delta/chunker.h"
#include "release/chunks.h"
#include "tests/unit/unit.h"

#define BLOCK 4096u

static const struct chunk_list form = {.unit_bytes = BLOCK,
	.min_bytes = BLOCK,
	.max_bytes = 4 * BLOCK,
	.dictionary_bytes = 4 * BLOCK,
	.section_bytes = 2 * BLOCK};

static void blocks_are_cut_at_ends_of_files_and_at_zeros(void **state)
{
	struct chunker c;
	uint8_t data[8 * BLOCK];
	bool zeros;

	(void)state;
	chunker_init(&c, BLOCK, BLOCK, 4 * BLOCK);
	memset(data, 1, sizeof(data));
	assert_int_equal(chunker_cut(&c, data, sizeof(data), &zeros), 4 * BLOCK);
	assert_false(zeros);
	memset(data + 2 * BLOCK - 8, 0, 8);
	assert_int_equal(chunker_cut(&c, data, sizeof(data), &zeros), 2 * BLOCK);
	assert_true(chunker_ends_file(data, 2 * BLOCK));
	assert_false(chunker_ends_file(data, 3 * BLOCK));
	memset(data + BLOCK, 0, BLOCK);
	assert_int_equal(chunker_cut(&c, data, sizeof(data), &zeros), BLOCK);
	assert_int_equal(chunker_cut(&c, data + BLOCK, 7 * BLOCK, &zeros), BLOCK);
	assert_true(zeros);
	/* the image may end in the middle of a block */
	assert_int_equal(chunker_cut(&c, data + 7 * BLOCK, 5, &zeros), 5);
}

/* What stands behind an insertion is cut as before, wherever it now stands. */
static void bytes_are_cut_by_what_they_are(void **state)
{
	enum { N = 1 << 20, SHIFT = 777 };
	AUTO_FREE uint8_t *data = malloc(N);
	uint64_t cuts[2][2048], noise = 1;
	size_t n[2] = {0, 0}, same = 0;
	struct chunker c;
	bool zeros;

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < N; i++) {
		noise = noise * 6364136223846793005ULL + 1442695040888963407ULL;
		data[i] = (uint8_t)(noise >> 56);
	}
	chunker_init(&c, 1, BLOCK, 16 * BLOCK);
	for (size_t k = 0; k < 2; k++)
		for (size_t at = k * SHIFT; at < N && n[k] < 2048;) {
			at += chunker_cut(&c, data + at, N - at, &zeros);
			cuts[k][n[k]++] = at;
		}
	assert_true(n[0] > N / (16 * BLOCK) && n[0] < N / BLOCK);
	for (size_t i = 0; i < n[0]; i++)
		for (size_t k = 0; k < n[1]; k++)
			same += cuts[0][i] == cuts[1][k];
	assert_true(same > n[0] * 3 / 4);
}

static void make_list(struct buf *bytes)
{
	const struct chunk chunks[] = {{BLOCK, 0x1234567890}, {2 * BLOCK, 5}, {7, 6}};
	struct chunk_writer w;
	struct err err;

	chunks_begin(&w, &form);
	assert_works(chunks_add_new(&w, &chunks[0], &err));
	assert_works(chunks_add_new(&w, &chunks[1], &err));
	assert_works(chunks_add_zeros(&w, 3 * BLOCK, &err));
	assert_works(chunks_add_zeros(&w, BLOCK, &err));
	assert_works(chunks_add_again(&w, 0, BLOCK, &err));
	assert_works(chunks_add_new(&w, &chunks[2], &err));
	assert_works(chunks_add_group(&w, 2, 100, &err));
	assert_works(chunks_add_group(&w, 1, 20, &err));
	assert_works(chunks_end(&w, bytes, &err));
	chunks_free(&w);
}

static void a_list_gives_what_was_written(void **state)
{
	static const struct chunk_piece wanted[] = {{.chunk = 0, .raw_offset = 0, .raw_len = BLOCK},
		{.chunk = 1, .raw_offset = BLOCK, .raw_len = 2 * BLOCK},
		{.zeros = true, .raw_offset = 3 * BLOCK, .raw_len = 4 * BLOCK},
		{.chunk = 0, .raw_offset = 7 * BLOCK, .raw_len = BLOCK},
		{.chunk = 2, .raw_offset = 8 * BLOCK, .raw_len = 7}};
	AUTO_BUF bytes = BUF(4096);
	struct chunk_piece piece = {0};
	struct chunk_group group = {0};
	struct chunk_list list;
	struct err err;

	(void)state;
	make_list(&bytes);
	assert_works(chunks_open(bytes.data, bytes.len, &list, &err));
	assert_int_equal(list.raw_bytes, 8 * BLOCK + 7);
	assert_true(chunks_get(&list, 0).hash == 0x1234567890);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		assert_true(chunks_next_piece(&list, &piece));
		assert_int_equal(piece.zeros, wanted[i].zeros);
		assert_int_equal(piece.chunk, wanted[i].chunk);
		assert_int_equal(piece.raw_offset, wanted[i].raw_offset);
		assert_int_equal(piece.raw_len, wanted[i].raw_len);
	}
	assert_false(chunks_next_piece(&list, &piece));
	assert_true(chunks_next_group(&list, &group) && chunks_next_group(&list, &group));
	assert_int_equal(group.coded_offset, 100);
	assert_int_equal(group.raw_offset, 3 * BLOCK);
	assert_int_equal(group.section_offset, 3 * BLOCK);
	assert_false(chunks_next_group(&list, &group));
}

/* Each number of the header and of the entries, made another one. */
static void a_list_that_does_not_add_up_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} faults[] = {{0, 0}, {8, 512}, {12, 0}, {16, 1}, {20, 1u << 31}, {24, 3}, {28, 9}, {32, 5},
		{40, 121}, {48, 1u << 31}, {52, 0}, {56, 1}, {64, 0}, {72, 1u << 23}, {88, 3},
		{88, 0}, {92, 0}, {92, 1u << 30}, {104, 7}, {108, 0}, {116, 5}};
	AUTO_BUF bytes = BUF(4096);
	struct chunk_list list;
	struct err err;

	(void)state;
	make_list(&bytes);
	assert_fails(chunks_open(bytes.data, bytes.len - 8, &list, &err), OTA_CORRUPT);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		uint32_t old = le_get32(bytes.data + faults[i].at);
		le_put32(bytes.data + faults[i].at, faults[i].value);
		assert_fails(chunks_open(bytes.data, bytes.len, &list, &err), OTA_CORRUPT);
		le_put32(bytes.data + faults[i].at, old);
	}
	assert_works(chunks_open(bytes.data, bytes.len, &list, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_cut_at_ends_of_files_and_at_zeros),
		cmocka_unit_test(bytes_are_cut_by_what_they_are),
		cmocka_unit_test(a_list_gives_what_was_written),
		cmocka_unit_test(a_list_that_does_not_add_up_is_refused),
	};

	return cmocka_run_group_tests_name("chunks", tests, NULL, NULL);
}
