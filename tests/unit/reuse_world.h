/* SPDX-License-Identifier: Apache-2.0 */
/* A device in a folder for the tests of reuse: a release in a layout, a store, two slots. */
#ifndef OTA_TESTS_REUSE_WORLD_H
#define OTA_TESTS_REUSE_WORLD_H

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "delta/delta.h"
#include "flow/authentic.h"
#include "flow/carve.h"
#include "flow/reuse_plan.h"
#include "io/layout.h"
#include "release/chunks.h"
#include "tests/unit/unit.h"

#define BLOCK 4096u
#define CELL CELL_BYTES_MIN
#define FILES 60
#define IMAGE_BYTES (16u << 20)

/* A release in a layout, a store, and the slots as files. */
struct world {
	struct image image;
	struct image_index index;
	struct source *source;
	struct frame_set have;
	uint8_t *target;
	char layout[128], store[128], running[128], other[128], blob[160];
};

static uint64_t noise_state;

static inline void fill_noise(uint8_t *data, size_t len, uint64_t seed)
{
	noise_state = seed;
	for (size_t i = 0; i < len; i++) {
		noise_state = noise_state * 6364136223846793005ULL + 1442695040888963407ULL;
		data[i] = (uint8_t)(noise_state >> 56);
	}
}

/* File n of a file system: some blocks, of which the last ends in zeros. Its second half is what
 * other files have, too, at other places. */
static inline size_t put_file(uint8_t *to, uint64_t n, uint64_t version)
{
	size_t blocks = 1 + n * 7 % 90, len = blocks * BLOCK - 100, half = len / 2;
	static uint8_t common[60 * BLOCK];

	fill_noise(common, sizeof(common), 7);
	fill_noise(to, half, n * 1000 + version);
	memcpy(to + half, common + n * 30, len - half);
	return blocks * BLOCK;
}

/* Both file systems have the same files, in another order; every tenth has changed. */
static inline uint8_t *make_image(bool is_new)
{
	uint8_t *data = calloc(1, IMAGE_BYTES);
	size_t at = 2 * BLOCK;

	assert_non_null(data);
	for (uint64_t i = 0; i < FILES; i++) {
		uint64_t n = is_new ? (i * 7 + 3) % FILES : i;
		at += put_file(data + at, n, is_new && n % 10 == 0 ? 2 : 1);
		assert_true(at < IMAGE_BYTES);
	}
	return data;
}

static inline void put_image(const char *path, const uint8_t *data)
{
	struct err err;

	assert_works(file_publish(path, data, IMAGE_BYTES, 0644, &err));
}

static inline void open_source(struct world *w)
{
	static const struct source_options options;
	char text[160];
	struct err err;

	if (w->source)
		source_close(w->source);
	snprintf(text, sizeof(text), "oci:%s", w->layout);
	w->source = source_open(text, &options, &err);
	assert_non_null(w->source);
}

static inline int world_make(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char dir[] = "/tmp/ota-unit-XXXXXX", path[160];
	struct err err;

	assert_non_null(w);
	assert_non_null(mkdtemp(dir));
	*state = w;
	snprintf(w->layout, sizeof(w->layout), "%s/layout", dir);
	snprintf(w->store, sizeof(w->store), "%s/store", dir);
	snprintf(w->running, sizeof(w->running), "%s/a", dir);
	snprintf(w->other, sizeof(w->other), "%s/b", dir);
	snprintf(w->blob, sizeof(w->blob), "%s/blob", dir);
	assert_works(layout_create(w->layout, &err));
	assert_works(layout_create(w->store, &err));
	snprintf(path, sizeof(path), "%s/partial", w->store);
	assert_works(dir_make(path, &err));
	AUTO_FREE uint8_t *old = make_image(false);
	w->target = make_image(true);
	put_image(w->running, old);
	put_image(w->other, w->target);
	AUTO_FD fd = open(w->other, O_RDONLY | O_CLOEXEC);
	const struct encode_spec spec = {fd, "image", w->layout, 1, CELL};
	strcpy(w->image.name, IMAGE_ROOTFS);
	assert_works(encode_image(&spec, NULL, &w->image, &err));
	assert_works(carve_image(&spec, NULL, &w->image, &err));
	open_source(w);
	w->index = (struct image_index)IMAGE_INDEX;
	assert_works(image_index_load(w->source, &w->image, &w->index, &err));
	assert_works(frame_set_init(&w->have, &w->index.frames, &err));
	return 0;
}

static inline int world_remove(void **state)
{
	struct world *w = *state;
	char command[160];

	snprintf(command, sizeof(command), "rm -rf %.*s", (int)(strrchr(w->store, '/') - w->store),
		w->store);
	source_close(w->source);
	image_index_free(&w->index);
	cleanup_frame_set(&w->have);
	free(w->target);
	free(w);
	return system(command);
}

static inline struct reuse_plan *plan(
	struct world *w, bool has_running, bool has_other, struct reuse_cost *cost, struct err *err)
{
	const struct reuse r = {.store = w->store,
		.source = w->source,
		.image = &w->image,
		.index = &w->index.frames,
		.have = &w->have,
		.running = has_running ? w->running : NULL,
		.other = has_other ? w->other : NULL};

	return reuse_plan(&r, cost, err);
}

static inline int read_base(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	return file_pread(*(int *)ctx, data, len, offset, "base", err);
}

/* Takes the blob as `write` would. Tells how many cells it makes: each that is in `have` and no
 * other is the target's. */
static inline unsigned check_blob(struct world *w)
{
	AUTO_BUF bytes = BUF(IMAGE_BYTES * 2);
	AUTO_FD fd = open(w->running, O_RDONLY | O_CLOEXEC);
	AUTO_FREE uint8_t *raw = malloc(CELL);
	struct delta_base base = {read_base, &fd, IMAGE_BYTES};
	struct delta_group g = {0};
	struct delta_table table;
	struct frame f = {0};
	unsigned made = 0;
	struct err err;

	assert_works(file_read(w->blob, &bytes, &err));
	uint64_t head_bytes;
	assert_works(delta_head_bytes((const uint8_t *)bytes.data, &head_bytes, &err));
	assert_works(delta_open(bytes.data, head_bytes, &table, &err));
	assert_int_equal(table.blob_bytes, bytes.len);
	if (table.base_bytes == 0)
		base.size_bytes = 0;
	struct delta_decoder *d = delta_decoder_new(&err);
	assert_non_null(d);
	while (delta_next(&table, &g)) {
		assert_works(delta_decoder_begin(
			d, bytes.data + g.offset, g.coded_len, g.n_segments, &err));
		for (uint32_t i = 0; i < g.n_segments; i++) {
			do
				assert_true(index_next(&w->index.frames, &f));
			while (f.zeros);
			assert_works(delta_decoder_segment(d, &base, raw, f.raw_len, &err));
			bool same = memcmp(raw, w->target + f.raw_offset, f.raw_len) == 0;
			assert_int_equal(same, frame_set_has(&w->have, &f));
			made += same;
		}
	}
	while (index_next(&w->index.frames, &f))
		assert_true(f.zeros);
	delta_decoder_free(d);
	return made;
}

static inline unsigned data_cells(const struct world *w)
{
	struct frame f = {0};
	unsigned n = 0;

	while (index_next(&w->index.frames, &f))
		n += !f.zeros;
	return n;
}

#define in_world(test) cmocka_unit_test_setup_teardown(test, world_make, world_remove)

#endif
