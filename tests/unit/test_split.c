/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's stream out of its tree: what was cut and what was not make it up again. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "oci/split.h"
#include "tests/unit/unit.h"

enum { N_FILES = 40, STREAM_MAX = 3 << 20 };

struct world {
	char dir[128];
	int split_fd, tree_fd;
	uint8_t *stream;
	size_t len;
	uint64_t noise;
};

static uint32_t next(struct world *w)
{
	w->noise = w->noise * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(w->noise >> 33);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char path[160];

	*state = w;
	strcpy(w->dir, "/tmp/ota-split-XXXXXX");
	if (!w || !mkdtemp(w->dir))
		return -1;
	w->noise = 7;
	w->stream = malloc(STREAM_MAX);
	snprintf(path, sizeof(path), "%s/split", w->dir);
	mkdir(path, 0755);
	w->split_fd = open(path, O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "%s/tree", w->dir);
	mkdir(path, 0755);
	w->tree_fd = open(path, O_RDONLY | O_DIRECTORY);
	return w->stream && w->split_fd >= 0 && w->tree_fd >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	char command[160];

	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	close(w->split_fd);
	close(w->tree_fd);
	free(w->stream);
	free(w);
	return system(command);
}

static uint8_t *fill(struct world *w, size_t len)
{
	uint8_t *at = w->stream + w->len;

	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)next(w);
	w->len += len;
	return at;
}

static void put_literal(struct world *w, struct split_writer *s, size_t len)
{
	struct err err;

	assert_works(split_add_literal(s, fill(w, len), len, &err));
}

/* A file of some bytes, told in pieces, with a hole between its two halves. */
static void put_file(struct world *w, struct split_writer *s, unsigned number, size_t len)
{
	const size_t hole = number % 3 ? 0 : 8192;
	char name[32];
	struct err err;

	snprintf(name, sizeof(name), "file%u", number);
	int fd = openat(w->tree_fd, name, O_CREAT | O_WRONLY, 0644);
	for (size_t at = 0; at < len;) {
		size_t n = next(w) % 5000 + 1, offset = at < len / 2 ? at : at + hole;
		n = n < len - at ? n : len - at;
		if (at < len / 2 && n > len / 2 - at)
			n = len / 2 - at;
		const uint8_t *data = fill(w, n);
		assert_int_equal(pwrite(fd, data, n, (off_t)offset), n);
		assert_works(split_add_content(s, name, offset, data, n, &err));
		at += n;
	}
	close(fd);
}

static void make(struct world *w)
{
	struct err err;
	AUTO_SPLIT_WRITER *s = split_writer_new(w->split_fd, "L", &err);

	assert_non_null(s);
	for (unsigned i = 0; i < N_FILES; i++) {
		put_literal(w, s, next(w) % 9000 + 1);
		put_file(w, s, i, next(w) % 60000);
	}
	put_literal(w, s, 1024);
	assert_works(split_writer_end(s, &err));
}

static struct split *open_split(struct world *w, struct err *err)
{
	return split_open(w->split_fd, w->tree_fd, "L", err);
}

static void the_stream_comes_again(void **state)
{
	struct world *w = *state;
	AUTO_FREE uint8_t *got = malloc(STREAM_MAX);
	struct err err;

	make(w);
	AUTO_SPLIT *s = open_split(w, &err);
	assert_non_null(s);
	assert_int_equal(split_bytes(s), w->len);
	assert_works(split_read(s, got, w->len, 0, &err));
	assert_memory_equal(got, w->stream, w->len);
	for (unsigned i = 0; i < 2000; i++) {
		size_t at = next(w) % w->len, n = next(w) % 70000;
		n = n < w->len - at ? n : w->len - at;
		assert_works(split_read(s, got, n, at, &err));
		assert_memory_equal(got, w->stream + at, n);
	}
	assert_fails(split_read(s, got, 2, w->len - 1, &err), OTA_CORRUPT);
	assert_fails(split_read(s, got, 1, UINT64_MAX, &err), OTA_CORRUPT);
	assert_works(split_check(s, &err));
}

static void a_file_that_differs_is_named(void **state)
{
	struct world *w = *state;
	char byte;
	struct err err;

	make(w);
	AUTO_SPLIT *s = open_split(w, &err);
	int fd = openat(w->tree_fd, "file5", O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, 77), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 77), 1);
	assert_fails(split_check(s, &err), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "file5"));
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 77), 1);
	assert_works(split_check(s, &err));
	assert_int_equal(ftruncate(fd, 10), 0);
	close(fd);
	AUTO_SPLIT *again = open_split(w, &err);
	assert_fails(split_check(again, &err), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "file5"));
	unlinkat(w->tree_fd, "file5", 0);
	AUTO_SPLIT *third = open_split(w, &err);
	assert_fails(split_check(third, &err), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "file5"));
}

/* Each file of the split, cut and with each of some bytes changed: an error, or other bytes, which
 * the diffID tells; never a read outside. */
static void a_damaged_split_is_no_danger(void **state)
{
	static const char *const parts[] = {"literals", "frames", "contents", "names"};
	struct world *w = *state;
	AUTO_FREE uint8_t *got = malloc(STREAM_MAX);
	unsigned told = 0;
	struct stat st;
	struct err err;
	uint8_t byte;

	make(w);
	for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
		int fd = openat(w->split_fd, parts[p], O_RDWR);
		assert_int_equal(fstat(fd, &st), 0);
		for (unsigned i = 0; i < 200; i++) {
			off_t where = (off_t)(next(w) % (unsigned)st.st_size);
			assert_int_equal(pread(fd, &byte, 1, where), 1);
			uint8_t changed = byte ^ (uint8_t)(1 << next(w) % 8);
			assert_int_equal(pwrite(fd, &changed, 1, where), 1);
			AUTO_SPLIT *s = open_split(w, &err);
			if (!s || split_bytes(s) > STREAM_MAX ||
				split_read(s, got, split_bytes(s), 0, &err) < 0 ||
				split_bytes(s) != w->len || memcmp(got, w->stream, w->len) != 0)
				told++;
			assert_int_equal(pwrite(fd, &byte, 1, where), 1);
		}
		close(fd);
	}
	/* a sum or the end of a frame may be of no meaning for what is read */
	assert_in_range(told, 600, 800);
}

/* More could not be opened again. */
static void literals_have_an_end(void **state)
{
	struct world *w = *state;
	struct err err;
	AUTO_SPLIT_WRITER *s = split_writer_new(w->split_fd, "L", &err);

	put_literal(w, s, 200000);
	put_file(w, s, 1, 5000);
	assert_fails(split_add_literal(s, w->stream, SIZE_MAX, &err), OTA_SPACE);
	/* noise stays as large as it is; the last cell is still open */
	assert_in_range(split_written(s), 3 * 65536, 3 * 65536 + 1000);
	put_literal(w, s, 1000);
	assert_works(split_writer_end(s, &err));
	assert_in_range(split_written(s), 201000, 202000);
	AUTO_SPLIT *again = open_split(w, &err);
	assert_non_null(again);
	assert_int_equal(split_bytes(again), w->len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_stream_comes_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_differs_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_split_is_no_danger, set_up, tear_down),
		cmocka_unit_test_setup_teardown(literals_have_an_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
