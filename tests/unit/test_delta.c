/* SPDX-License-Identifier: Apache-2.0 */
/* Deltas: what is coded comes back, and what is false is refused. */
#include <fcntl.h>

#include "base/file.h"
#include "delta/build.h"
#include "delta/bytes.h"
#include "delta/encoder.h"
#include "release/index.h"
#include "tests/unit/unit.h"

#define CELL CELL_BYTES_MIN

struct image {
	uint8_t *data;
	size_t len;
};

static uint64_t noise_state;

static uint8_t noise(void)
{
	noise_state = noise_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint8_t)(noise_state >> 56);
}

static struct image make_noise(size_t len, uint64_t seed)
{
	struct image image = {.data = malloc(len ? len : 1), .len = len};

	noise_state = seed;
	assert_non_null(image.data);
	for (size_t n = 0; n < len; n++)
		image.data[n] = noise();
	return image;
}

/* Its bytes from `from` on, `by` bytes further up, behind others. */
static struct image shift(const struct image *of, size_t by)
{
	struct image image = make_noise(of->len + by, 5);

	memcpy(image.data + by, of->data, of->len);
	return image;
}

/* Calls with their distances: each goes to one of few functions, of which the later ones moved. */
static void make_calls(struct image *base, struct image *target)
{
	*base = make_noise(2 * CELL, 6);
	*target = make_noise(2 * CELL, 6);
	for (size_t at = 64; at + 64 < base->len; at += 16 + at % 23) {
		uint32_t to = (uint32_t)(at * 7919 % 50) * 4096;
		base->data[at] = target->data[at] = 0xe8;
		le_put32(base->data + at + 1, to - (uint32_t)at);
		le_put32(target->data + at + 1, to + (to > 100000 ? 0x1240 : 0) - (uint32_t)at);
	}
}

static int read_image(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	const struct image *image = ctx;

	(void)err;
	assert_true(offset <= image->len && len <= image->len - offset);
	memcpy(data, image->data + offset, len);
	return 0;
}

static int write_image(const char *path, const struct image *image)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err err;

	assert_true(fd >= 0);
	assert_works(file_pwrite(fd, image->data, image->len, 0, path, &err));
	return fd;
}

static void make_index(struct index_writer *w, const struct image *image, uint32_t cell)
{
	struct err err;

	assert_works(index_begin(w, cell, &err));
	for (size_t at = 0; at < image->len; at += cell) {
		size_t len = image->len - at < cell ? image->len - at : cell;
		struct frame f = {.raw_len = len, .coded_len = 1};
		f.zeros = mem_is_zero(image->data + at, len);
		f.digest.bytes[0] = !f.zeros;
		assert_works(index_add(w, &f, &err));
	}
	index_end(w);
}

/* Decodes all of the blob and holds it against the target. Returns how many groups there were. */
static uint64_t check_blob(const uint8_t *blob, uint64_t blob_bytes, struct image *base,
	const struct image *target, const struct frame_index *index)
{
	const struct delta_base from = {.read = read_image, .ctx = base, .size_bytes = base->len};
	AUTO_FREE uint8_t *raw = malloc(index->cell_bytes);
	struct delta_group group = {0};
	struct delta_table table;
	struct frame f = {0};
	struct err err;
	uint64_t head = 0, n_segments = 0;
	struct delta_decoder *d = delta_decoder_new(&err);

	assert_true(raw && d);
	assert_works(delta_head_bytes(blob, &head, &err));
	assert_works(delta_open(blob, head, &table, &err));
	assert_int_equal(table.blob_bytes, blob_bytes);
	assert_int_equal(table.base_bytes, base->len);
	while (delta_next(&table, &group)) {
		assert_int_equal(group.first_segment, n_segments);
		assert_works(delta_decoder_begin(
			d, blob + group.offset, group.coded_len, group.n_segments, &err));
		for (uint32_t n = 0; n < group.n_segments; n++, n_segments++) {
			do
				assert_true(index_next(index, &f));
			while (f.zeros);
			assert_works(delta_decoder_segment(d, &from, raw, f.raw_len, &err));
			assert_memory_equal(raw, target->data + f.raw_offset, f.raw_len);
		}
		assert_fails(delta_decoder_segment(d, &from, raw, 1, &err), OTA_CORRUPT);
	}
	assert_int_equal(n_segments, table.n_segments);
	delta_decoder_free(d);
	return table.n_groups;
}

struct outcome {
	uint64_t bytes, groups;
};

static struct outcome go_round(
	void **state, struct image *base, const struct image *target, uint32_t cell)
{
	AUTO_FD base_fd = write_image(at(state, "base"), base);
	AUTO_FD target_fd = write_image(at(state, "target"), target);
	AUTO_FD out_fd = open(at(state, "out"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct outcome outcome = {0};
	struct frame_index index;
	struct index_writer w;
	struct err err;

	make_index(&w, target, cell);
	assert_works(index_open(w.bytes.data, w.bytes.len, &index, &err));
	const struct delta_build_spec spec = {.base_fd = base_fd,
		.target_fd = target_fd,
		.base_bytes = base->len,
		.base_name = "base",
		.target_name = "target",
		.index = &index,
		.level = 3,
		.out_fd = out_fd,
		.out_name = "out"};
	assert_works(delta_build(&spec, NULL, &outcome.bytes, &err));
	AUTO_FREE uint8_t *blob = malloc(outcome.bytes);
	assert_works(file_pread(out_fd, blob, outcome.bytes, 0, "out", &err));
	outcome.groups = check_blob(blob, outcome.bytes, base, target, &index);
	buf_free(&w.bytes);
	return outcome;
}

static void images_come_back(void **state)
{
	struct image base = make_noise(5 * CELL + 1234, 1), target;

	target = make_noise(base.len, 1);
	assert_true(go_round(state, &base, &target, CELL).bytes < 200);
	free(target.data);
	target = shift(&base, 777);
	assert_true(go_round(state, &base, &target, CELL).bytes < 1200);
	assert_true(go_round(state, &base, &target, CELL_BYTES_MAX).bytes < 1200);
	for (size_t n = 0; n < target.len; n += 1000 + n % 77)
		target.data[n] ^= noise();
	assert_true(go_round(state, &base, &target, 2 * CELL).bytes < 10000);
	memset(target.data + CELL, 0, 3 * CELL);
	assert_true(go_round(state, &base, &target, CELL).bytes < 10000);
	free(target.data);
	free(base.data);
}

static void what_has_no_base_comes_back(void **state)
{
	struct image base = make_noise(3 * CELL, 1), none = make_noise(0, 0);
	struct image target = make_noise(9 * CELL + 1, 2);
	struct outcome outcome = go_round(state, &base, &target, CELL_BYTES_MAX);

	assert_in_range(outcome.bytes, target.len, target.len + target.len / 100);
	assert_true(outcome.groups > 1); /* each has a limit */
	go_round(state, &none, &target, CELL);
	memset(target.data, 0, target.len);
	assert_int_equal(go_round(state, &base, &target, CELL).bytes, DELTA_HEADER_BYTES);
	free(base.data);
	free(none.data);
	free(target.data);
}

static void many_cells_are_some_groups(void **state)
{
	struct image base = make_noise(70 * CELL, 3), target = shift(&base, 5);

	assert_int_equal(go_round(state, &base, &target, CELL).groups, 2);
	free(base.data);
	free(target.data);
}

static void moved_addresses_cost_little(void **state)
{
	struct image base, target;
	uint64_t differ = 0;

	make_calls(&base, &target);
	for (size_t n = 0; n < base.len; n++)
		differ += base.data[n] != target.data[n];
	assert_true(go_round(state, &base, &target, CELL).bytes < differ / 8);
	free(base.data);
	free(target.data);
}

/* Steps that are no good are the caller's fault, and are said to be. */
static void false_steps_are_not_coded(void **state)
{
	static const struct delta_op faults[] = {
		{.extra_len = 11},
		{.extra_len = 9},
		{.copy_len = 11},
		{.extra_len = 5, .copy_len = 6},
		{.extra_len = 0},
		{.extra_len = UINT32_MAX, .copy_len = 11},
	};
	const uint8_t raw[10] = {0};
	struct image base = make_noise(100, 1);
	const struct delta_base from = {.read = read_image, .ctx = &base, .size_bytes = 100};
	const struct delta_encoder_spec spec = {
		.cell_bytes = CELL, .base_bytes = 100, .level = 1, .fd = -1, .name = "none"};
	struct err err;

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(faults); n++) {
		struct delta_encoder *e = delta_encoder_new(&spec, &err);
		assert_non_null(e);
		assert_fails(delta_encoder_add(e, raw, sizeof(raw), &faults[n], 1, &from, &err),
			OTA_FAILED);
		delta_encoder_free(e);
	}
	free(base.data);
}

/* One group of two cells: half of what is in the base nearly, and something new. */
static uint64_t make_group(struct image *base, uint8_t *raw, const char *path, uint8_t *coded)
{
	const struct delta_base from = {.read = read_image, .ctx = base, .size_bytes = base->len};
	AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const struct delta_encoder_spec spec = {
		.cell_bytes = CELL, .base_bytes = base->len, .level = 3, .fd = fd, .name = path};
	const struct delta_op ops[] = {{.copy_len = 6000, .base_offset = 14000},
		{.extra_len = 1000, .copy_len = 3000, .base_offset = 100}};
	AUTO_BUF head = BUF(1000);
	struct delta_table table;
	struct err err;
	struct delta_encoder *e = delta_encoder_new(&spec, &err);

	assert_non_null(e);
	memcpy(raw, base->data + 14000, 6000);
	memcpy(raw + 7000, base->data + 100, 3000);
	for (size_t n = 0; n < 6000; n += 50)
		raw[n] += 3;
	assert_works(delta_encoder_add(e, raw, 10000, ops, 2, &from, &err));
	assert_works(delta_encoder_add(e, raw, 10000, ops, 2, &from, &err));
	assert_works(delta_encoder_end(e, &head, &err));
	delta_encoder_free(e);
	assert_works(delta_open(head.data, head.len, &table, &err));
	uint64_t len = table.blob_bytes - table.head_bytes;
	assert_works(file_pread(fd, coded, len, 0, path, &err));
	return len;
}

static int decode_group(const uint8_t *coded, uint64_t len, struct image *base, uint64_t base_bytes,
	uint8_t *raw, struct err *err)
{
	const struct delta_base from = {.read = read_image, .ctx = base, .size_bytes = base_bytes};
	AUTO_FREE uint8_t *copy = malloc(len ? len : 1); /* so that a read behind its end is seen */
	struct delta_decoder *d = delta_decoder_new(err);

	assert_true(copy && d);
	memcpy(copy, coded, len);
	int rc = delta_decoder_begin(d, copy, len, 2, err);
	for (int n = 0; rc == 0 && n < 2; n++)
		rc = delta_decoder_segment(d, &from, raw, 10000, err);
	delta_decoder_free(d);
	return rc;
}

/* A cut is seen, or gives other bytes, but for the last ones, which may say nothing. */
static void a_cut_or_false_group_is_refused(void **state)
{
	struct image base = make_noise(20000, 8), target = make_noise(10000, 9);
	AUTO_FREE uint8_t *coded = malloc(100000), *raw = malloc(10000);
	uint64_t len = make_group(&base, target.data, at(state, "group"), coded);
	struct err err;

	assert_works(decode_group(coded, len, &base, base.len, raw, &err));
	assert_memory_equal(raw, target.data, 10000);
	for (uint64_t cut = 0; cut + 16 < len; cut++)
		if (decode_group(coded, cut, &base, base.len, raw, &err) == 0)
			assert_memory_not_equal(raw, target.data, 10000);
		else
			assert_int_equal(err.code, OTA_CORRUPT);
	/* a base that is shorter than the one that it was made from */
	assert_fails(decode_group(coded, len, &base, 19999, raw, &err), OTA_CORRUPT);
	assert_fails(decode_group(coded, len, &base, 0, raw, &err), OTA_CORRUPT);
	le_put32(coded, (uint32_t)len - 3);
	assert_fails(decode_group(coded, len, &base, base.len, raw, &err), OTA_CORRUPT);
	free(base.data);
	free(target.data);
}

static void make_head(uint8_t head[DELTA_HEADER_BYTES + 2 * DELTA_GROUP_BYTES])
{
	memcpy(head, DELTA_MAGIC, DELTA_MAGIC_BYTES);
	le_put32(head + 8, CELL);
	le_put32(head + 12, 2);
	le_put64(head + 16, 1000);
	le_put64(head + 24, 65);
	le_put32(head + 32, 64);
	le_put32(head + 36, 500);
	le_put32(head + 40, 1);
	le_put32(head + 44, 7);
}

static void a_false_head_is_refused(void **state)
{
	static const struct {
		const char *what;
		size_t offset, size;
		uint64_t value;
	} faults[] = {
		{"magic", 0, 1, 'X'},
		{"cell of 3 bytes", 8, 4, 3},
		{"cell of no power of two", 8, 4, 3 << 17},
		{"cell of 2 MiB", 8, 4, 2 << 20},
		{"fewer groups than there are", 12, 4, 1},
		{"2^32-1 groups", 12, 4, UINT32_MAX},
		{"base of 8 TiB and a byte", 16, 8, DELTA_BASE_BYTES_MAX + 1},
		{"more segments than in groups", 24, 8, 66},
		{"fewer segments", 24, 8, 64},
		{"group of none", 32, 4, 0},
		{"group of 65 segments", 32, 4, 65},
		{"group of no bytes", 36, 4, 0},
		{"group of 2 MiB and a byte", 44, 4, (2 << 20) + 1},
	};
	uint8_t head[DELTA_HEADER_BYTES + 2 * DELTA_GROUP_BYTES];
	struct delta_table table;
	struct err err;

	(void)state;
	make_head(head);
	assert_works(delta_open(head, sizeof(head), &table, &err));
	assert_int_equal(table.blob_bytes, sizeof(head) + 507);
	assert_fails(delta_open(head, sizeof(head) - 1, &table, &err), OTA_CORRUPT);
	assert_fails(delta_open(head, 31, &table, &err), OTA_CORRUPT);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		make_head(head);
		memcpy(head + faults[i].offset, &faults[i].value, faults[i].size);
		if (delta_open(head, sizeof(head), &table, &err) == 0)
			fail_msg("%s is taken", faults[i].what);
		assert_int_equal(err.code, OTA_CORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(images_come_back),
		in_scratch(what_has_no_base_comes_back),
		in_scratch(many_cells_are_some_groups),
		in_scratch(moved_addresses_cost_little),
		cmocka_unit_test(false_steps_are_not_coded),
		in_scratch(a_cut_or_false_group_is_refused),
		cmocka_unit_test(a_false_head_is_refused),
	};

	return cmocka_run_group_tests_name("delta", tests, NULL, NULL);
}
