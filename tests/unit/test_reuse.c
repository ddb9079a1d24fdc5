/* SPDX-License-Identifier: Apache-2.0 */
/* An image made of what a device has, on real files: what is found, what is fetched, what is
 * refused. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

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

static void fill_noise(uint8_t *data, size_t len, uint64_t seed)
{
	noise_state = seed;
	for (size_t i = 0; i < len; i++) {
		noise_state = noise_state * 6364136223846793005ULL + 1442695040888963407ULL;
		data[i] = (uint8_t)(noise_state >> 56);
	}
}

/* File n of a file system: some blocks, of which the last ends in zeros. */
static size_t put_file(uint8_t *to, uint64_t n, uint64_t version)
{
	size_t blocks = 1 + n * 7 % 90;

	fill_noise(to, blocks * BLOCK - 100, n * 1000 + version);
	return blocks * BLOCK;
}

/* Both file systems have the same files, in another order; every tenth has changed. */
static uint8_t *make_image(bool is_new)
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

static void put_image(const char *path, const uint8_t *data)
{
	struct err err;

	assert_works(file_publish(path, data, IMAGE_BYTES, 0644, &err));
}

static void open_source(struct world *w)
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

static int world_make(void **state)
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

static int world_remove(void **state)
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

static struct reuse_plan *plan(
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

static int read_base(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	return file_pread(*(int *)ctx, data, len, offset, "base", err);
}

/* Takes the blob as `write` would. Tells how many cells it makes: each that is in `have` and no
 * other is the target's. */
static unsigned check_blob(struct world *w)
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

static unsigned data_cells(const struct world *w)
{
	struct frame f = {0};
	unsigned n = 0;

	while (index_next(&w->index.frames, &f))
		n += !f.zeros;
	return n;
}

static void files_that_moved_are_not_fetched(void **state)
{
	struct world *w = *state;
	struct reuse_cost cost;
	struct err err;

	AUTO_REUSE *p = plan(w, true, false, &cost, &err);
	assert_non_null(p);
	assert_true(cost.data_bytes > 0 && cost.data_bytes < w->image.data.size / 5);
	assert_true(cost.requests > 0 && cost.requests <= 6);
	assert_int_equal(cost.list_bytes, w->image.chunks.size);
	assert_works(reuse_run(p, w->blob, &err));
	assert_int_equal(check_blob(w), data_cells(w));
	struct stat st;
	assert_int_equal(stat(w->blob, &st), 0);
	assert_true((uint64_t)st.st_size < w->image.data.size / 5);
}

static void the_other_slot_serves_too(void **state)
{
	struct world *w = *state;
	struct reuse_cost cost;
	struct err err;

	AUTO_REUSE *p = plan(w, true, true, &cost, &err);
	assert_non_null(p);
	assert_int_equal(cost.data_bytes, 0);
	assert_works(reuse_run(p, w->blob, &err));
	/* what was read of it is in the blob: the slot is about to be written */
	assert_int_equal(unlink(w->other), 0);
	assert_int_equal(check_blob(w), data_cells(w));
}

static void without_slots_all_is_fetched(void **state)
{
	struct world *w = *state;
	struct reuse_cost cost;
	struct err err;

	AUTO_REUSE *p = plan(w, false, false, &cost, &err);
	assert_non_null(p);
	assert_int_equal(cost.data_bytes, w->image.data.size);
	assert_int_equal(cost.requests, 1);
	assert_works(reuse_run(p, w->blob, &err));
	assert_int_equal(check_blob(w), data_cells(w));
}

static void frames_that_are_there_are_not_made(void **state)
{
	struct world *w = *state;
	struct reuse_cost cost;
	struct frame f = {0};
	struct err err;

	while (index_next(&w->index.frames, &f))
		frame_set_add(&w->have, &f);
	AUTO_REUSE *p = plan(w, true, false, &cost, &err);
	assert_non_null(p);
	assert_int_equal(cost.data_bytes, 0);
	assert_works(reuse_run(p, w->blob, &err));
	memset(w->have.bits, 0, w->index.frames.n_entries / 8 + 1);
	assert_int_equal(check_blob(w), 0);
}

static void kill_me(void *ctx, uint64_t done_bytes)
{
	(void)ctx;
	if (done_bytes > 200000)
		kill(getpid(), SIGKILL);
}

static void what_came_before_a_kill_is_kept(void **state)
{
	static const struct progress killer = {.advance = kill_me};
	struct world *w = *state;
	struct reuse_cost first, second;
	struct err err;
	int status;

	struct reuse_plan *p = plan(w, true, false, &first, &err);
	assert_non_null(p);
	pid_t pid = fork();
	if (pid == 0) {
		p->r.progress = &killer;
		_exit(reuse_run(p, w->blob, &err) < 0);
	}
	reuse_free(p);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(access(w->blob, F_OK), -1);
	AUTO_REUSE *again = plan(w, true, false, &second, &err);
	assert_non_null(again);
	assert_true(second.kept_bytes > 0);
	assert_int_equal(second.kept_bytes + second.data_bytes, first.data_bytes);
	assert_int_equal(second.list_bytes, 0);
	assert_works(reuse_run(again, w->blob, &err));
	assert_int_equal(check_blob(w), data_cells(w));
}

static void a_damaged_list_is_refused(void **state)
{
	struct world *w = *state;
	struct reuse_cost cost;
	char path[PATH_MAX];
	struct err err = {0};

	assert_works(layout_blob_path(w->layout, &w->image.chunks.digest, path, &err));
	AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 100), 1);
	assert_null(plan(w, true, false, &cost, &err));
	assert_int_equal(err.code, OTA_CORRUPT);
}

/* One chunk is said to have the hash of another one that the slot has. */
static void a_hash_that_lies_costs_a_cell(void **state)
{
	struct world *w = *state;
	AUTO_BUF list = BUF(CHUNK_LIST_MAX_BYTES);
	struct reuse_cost cost;
	struct err err;

	assert_works(source_blob(w->source, &w->image.chunks, &list, &err));
	uint8_t *chunks = (uint8_t *)list.data + 64;
	struct chunk_list view;
	assert_works(chunks_open(list.data, list.len, &view, &err));
	uint32_t one = 0, two = 1;
	while (chunks_get(&view, one).len != chunks_get(&view, two).len)
		two = two + 1 < view.n_chunks ? two + 1 : (one++, one + 1);
	memcpy(chunks + one * 8, chunks + two * 8, 8);
	assert_works(layout_blob_put(w->layout, list.data, list.len, &w->image.chunks, &err));
	open_source(w);
	AUTO_REUSE *p = plan(w, true, false, &cost, &err);
	assert_non_null(p);
	assert_works(reuse_run(p, w->blob, &err));
	unsigned made = check_blob(w);
	assert_true(made < data_cells(w) && made >= data_cells(w) - 3);
}

static void damaged_data_costs_its_cells(void **state)
{
	struct world *w = *state;
	struct reuse_cost cost;
	char path[PATH_MAX];
	struct err err;

	struct reuse_plan *p = plan(w, false, false, &cost, &err);
	assert_non_null(p);
	assert_works(layout_blob_path(w->layout, &w->image.data.digest, path, &err));
	AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "damaged", 7, 5000), 7);
	assert_works(reuse_run(p, w->blob, &err));
	reuse_free(p);
	unsigned made = check_blob(w);
	assert_true(made < data_cells(w) && made >= data_cells(w) - 4);
}

static void a_base_that_changes_costs_its_cells(void **state)
{
	struct world *w = *state;
	struct reuse_cost cost;
	struct err err;

	AUTO_REUSE *p = plan(w, true, false, &cost, &err);
	assert_non_null(p);
	AUTO_FD fd = open(w->running, O_RDWR | O_CLOEXEC);
	for (off_t i = 0; i < 3; i++) /* into file 1, which is in the new image, too */
		assert_int_equal(pwrite(fd, "changed", 7, (off_t)(4 + i) * BLOCK), 7);
	assert_works(reuse_run(p, w->blob, &err));
	unsigned made = check_blob(w);
	assert_true(made < data_cells(w) && made >= data_cells(w) - 3);
}

static void the_same_image_gives_the_same_layers(void **state)
{
	struct world *w = *state;
	struct image again = w->image;
	struct err err;

	AUTO_FD fd = open(w->other, O_RDONLY | O_CLOEXEC);
	const struct encode_spec spec = {fd, "image", w->layout, 1, CELL};
	assert_works(carve_image(&spec, NULL, &again, &err));
	assert_true(digest_equal(&again.chunks.digest, &w->image.chunks.digest));
	assert_true(digest_equal(&again.data.digest, &w->image.data.digest));
}

#define in_world(test) cmocka_unit_test_setup_teardown(test, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(files_that_moved_are_not_fetched),
		in_world(the_other_slot_serves_too),
		in_world(without_slots_all_is_fetched),
		in_world(frames_that_are_there_are_not_made),
		in_world(what_came_before_a_kill_is_kept),
		in_world(a_damaged_list_is_refused),
		in_world(a_hash_that_lies_costs_a_cell),
		in_world(damaged_data_costs_its_cells),
		in_world(a_base_that_changes_costs_its_cells),
		in_world(the_same_image_gives_the_same_layers),
	};

	return cmocka_run_group_tests_name("reuse", tests, NULL, NULL);
}
