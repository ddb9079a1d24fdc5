/* SPDX-License-Identifier: Apache-2.0 */
/* An image made of what a device has, on real files: what is found, what is fetched, what is
 * refused. */
#include <signal.h>
#include <sys/wait.h>

#include "io/zstd.h"
#include "tests/unit/reuse_world.h"

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

/* What is not wanted for itself may be for what comes behind it. */
static void every_second_frame_is_made(void **state)
{
	struct world *w = *state;
	struct reuse_cost cost;
	struct frame f = {0};
	struct err err;

	while (index_next(&w->index.frames, &f))
		if (f.number % 2)
			frame_set_add(&w->have, &f);
	AUTO_REUSE *p = plan(w, false, false, &cost, &err);
	assert_non_null(p);
	assert_works(reuse_run(p, w->blob, &err));
	for (f = (struct frame){0}; index_next(&w->index.frames, &f);)
		assert_true(f.zeros || frame_set_has(&w->have, &f));
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
	AUTO_BUF coded = BUF(CHUNK_LIST_MAX_BYTES);
	struct reuse_cost cost;
	struct err err;
	size_t used, len;

	assert_works(source_blob(w->source, &w->image.chunks, &coded, &err));
	len = zstd_raw_len(coded.data, coded.len);
	AUTO_FREE uint8_t *list = malloc(len);
	AUTO_FREE uint8_t *lying = malloc(zstd_bound(len));
	struct zstd_decoder *decoder = zstd_decoder_new(&err);
	struct zstd_encoder *encoder = zstd_encoder_new(1, &err);
	assert_works(zstd_decode(decoder, coded.data, coded.len, list, len, &used, &err));
	memcpy(list + 64, list + 64 + 8, 8); /* both are whole blocks */
	assert_works(zstd_encode(encoder, list, len, lying, &used, &err));
	assert_works(layout_blob_put(w->layout, lying, used, &w->image.chunks, &err));
	zstd_decoder_free(decoder);
	zstd_encoder_free(encoder);
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
	/* near the end: what stands behind the damage has it in its dictionary */
	off_t place = (off_t)w->image.data.size - 5000;
	assert_int_equal(pwrite(fd, "damaged", 7, place), 7);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(files_that_moved_are_not_fetched),
		in_world(the_other_slot_serves_too),
		in_world(without_slots_all_is_fetched),
		in_world(frames_that_are_there_are_not_made),
		in_world(every_second_frame_is_made),
		in_world(what_came_before_a_kill_is_kept),
		in_world(a_damaged_list_is_refused),
		in_world(a_hash_that_lies_costs_a_cell),
		in_world(damaged_data_costs_its_cells),
		in_world(a_base_that_changes_costs_its_cells),
		in_world(the_same_image_gives_the_same_layers),
	};

	return cmocka_run_group_tests_name("reuse", tests, NULL, NULL);
}
