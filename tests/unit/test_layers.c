/* SPDX-License-Identifier: Apache-2.0 */
/* The layers in the store: which one is found, what a repair leaves to those that run, and that a
 * layer may lie in an image twice. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/overlay.h"
#include "flow/app.h"
#include "flow/layers.h"
#include "tests/unit/unit.h"

#define BOOT "first"

static struct oci_image image;
static struct err err;

/* An image of layers with these diffIDs, one letter each. */
static void make_image(const char *letters)
{
	image = (struct oci_image){.n_layers = strlen(letters)};
	for (size_t i = 0; i < image.n_layers; i++) {
		assert_works(digest_of(letters + i, 1, &image.layers[i].diff_id, &err));
		assert_works(digest_of(letters, i + 1, &image.layers[i].chain_id, &err));
	}
}

static int make_store(void **state)
{
	if (scratch_make(state) < 0)
		return -1;
	return mkdir(at(state, "partial"), 0755) < 0 ? -1 : mkdir(at(state, "layers"), 0755);
}

static void bring(const char *store, size_t number, bool lowest, const char *text)
{
	const struct unpack_result unpacked = {.lowest = lowest};
	char path[PATH_MAX], file[PATH_MAX];

	assert_works(layers_begin(store, &image.layers[number], path, &err));
	assert_works(path_join(file, path, LAYER_DIFF "/file", &err));
	assert_works(file_publish(file, text, strlen(text), 0644, &err));
	assert_works(layers_whole(path, 1, &unpacked, BOOT, &err));
}

static void publish(const char *store)
{
	assert_works(layers_publish(store, &image, BOOT, &err));
}

static struct layer_place find(const char *store, size_t number)
{
	struct layer_place place;

	assert_works(layers_find(store, &image.layers[number], BOOT, &place, &err));
	return place;
}

/* What stands in `file` of an opened tree; "": nothing. */
static const char *text_of(int fd)
{
	static char text[16];
	AUTO_FD file = openat(fd, "file", O_RDONLY);

	memset(text, 0, sizeof(text));
	return file < 0 || read(file, text, sizeof(text) - 1) < 0 ? "" : text;
}

static int open_diff(const struct layer_place *place)
{
	char path[PATH_MAX];

	assert_works(path_join(path, place->path, LAYER_DIFF, &err));
	return open(path, O_RDONLY | O_DIRECTORY);
}

static bool keep_all(void *ctx, const struct digest *name)
{
	(void)ctx, (void)name;
	return true;
}

static void sweep(const char *store, const char *boot_id)
{
	const struct layers_rest rest = {boot_id, false, keep_all, NULL};
	size_t removed;

	assert_works(layers_sweep(store, &rest, &removed, &err));
}

static void run_service(const char *store)
{
	struct app app = {.current = {.name = "web"}};

	app.current.manifest = (struct descriptor){.size = 1, .media_type = "text/plain"};
	assert_works(app_write(store, "web", &app, &err));
}

static void what_runs_keeps_what_is_replaced(void **state)
{
	const char *store = *state;

	make_image("a");
	bring(store, 0, false, "one");
	publish(store);
	run_service(store);
	struct layer_place place = find(store, 0);
	AUTO_FD first = open_diff(&place);
	bring(store, 0, false, "two");
	publish(store);
	AUTO_FD second = open_diff(&place);
	bring(store, 0, false, "three");
	publish(store);
	AUTO_FD third = open_diff(&place);
	sweep(store, BOOT);
	assert_string_equal(text_of(first), "one");
	assert_string_equal(text_of(second), "two");
	assert_string_equal(text_of(third), "three");
	sweep(store, "second");
	assert_string_equal(text_of(first), "");
	assert_string_equal(text_of(second), "");
	assert_string_equal(text_of(third), "three");
	assert_works(rmdir(at(state, "partial")));
}

static void without_services_nothing_is_kept(void **state)
{
	const char *store = *state;

	make_image("a");
	bring(store, 0, false, "one");
	publish(store);
	bring(store, 0, false, "two");
	publish(store);
	assert_works(rmdir(at(state, "partial")));
}

static void what_is_right_as_the_lowest_is_none_of_others(void **state)
{
	const char *store = *state;

	make_image("a");
	bring(store, 0, true, "alone");
	publish(store);
	assert_true(find(store, 0).is_there);
	make_image("ba");
	assert_false(find(store, 1).is_there);
	make_image("b");
	bring(store, 0, false, "any");
	publish(store);
	make_image("cb");
	assert_true(find(store, 1).is_there);
}

static void one_that_comes_twice_is_kept_once(void **state)
{
	const char *store = *state;

	make_image("aba");
	for (size_t i = 0; i < image.n_layers; i++)
		bring(store, i, false, "one");
	run_service(store);
	publish(store);
	assert_true(find(store, 2).is_there);
	assert_string_equal(find(store, 0).path, find(store, 2).path);
	assert_works(rmdir(at(state, "partial")));
}

/* In a process of its own, which leaves the mount namespace. */
static int mount_twice(void **state)
{
	char low[128], high[128], shown[128];
	struct overlay_spec spec = {
		.lower = {low, high, low}, .n_lower = 3, .at = strcpy(shown, at(state, "shown"))};
	struct err e;

	strcpy(low, at(state, "low"));
	strcpy(high, at(state, "high"));
	if (mkdir(low, 0755) < 0 || mkdir(high, 0755) < 0 || mkdir(shown, 0755) < 0 ||
		file_publish(at(state, "low/file"), "low", 3, 0644, &e) < 0 ||
		file_publish(at(state, "high/file"), "high", 4, 0644, &e) < 0)
		return 2;
	AUTO_FD fd = overlay_mount(&spec, &e);
	return fd < 0 || strcmp(text_of(fd), "low") != 0;
}

static void a_folder_that_comes_twice_lies_highest(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(mount_twice(state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define on_store(test) cmocka_unit_test_setup_teardown(test, make_store, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_store(what_runs_keeps_what_is_replaced),
		on_store(without_services_nothing_is_kept),
		on_store(what_is_right_as_the_lowest_is_none_of_others),
		on_store(one_that_comes_twice_is_kept_once),
		on_store(a_folder_that_comes_twice_lies_highest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
