/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of a service: each write is whole or never was, whatever the power does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/tree.h"
#include "flow/app.h"
#include "unit.h"

#define JOURNAL_LEN 8192

static char store[] = "/tmp/ota-app-XXXXXX", journal[64];
static struct err err;

static int setup(void **state)
{
	(void)state;
	strcpy(store + sizeof("/tmp/ota-app-") - 1, "XXXXXX");
	if (!mkdtemp(store))
		return -1;
	snprintf(journal, sizeof(journal), "%s/apps/web/journal", store);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return tree_discard(store, &err);
}

static struct app_version version(char c)
{
	struct app_version v = {.manifest = {.media_type = MEDIA_TYPE_MANIFEST, .size = 400}};

	snprintf(v.name, sizeof(v.name), "registry.example.com/web:%c", c);
	memset(v.manifest.digest.bytes, c, DIGEST_LEN);
	return v;
}

static struct app sample(void)
{
	return (struct app){.step = APP_PREPARED,
		.current = version('1'),
		.previous = version('0'),
		.candidate = version('2'),
		.reason = "a reason"};
}

static void read_all(char bytes[JOURNAL_LEN])
{
	int fd = open(journal, O_RDONLY);

	assert_int_equal(read(fd, bytes, JOURNAL_LEN), JOURNAL_LEN);
	close(fd);
}

static void write_all(const char bytes[JOURNAL_LEN])
{
	int fd = open(journal, O_WRONLY);

	assert_int_equal(write(fd, bytes, JOURNAL_LEN), JOURNAL_LEN);
	close(fd);
}

static void what_is_written_is_read(void **state)
{
	struct app a = sample(), b;

	(void)state;
	assert_fails(app_read(store, "web", &b, &err), OTA_NOTHING);
	for (int i = 0; i < 5; i++) {
		a.starts = (uint64_t)i;
		assert_works(app_write(store, "web", &a, &err));
		assert_works(app_read(store, "web", &b, &err));
		assert_int_equal(b.starts, i);
	}
	assert_int_equal(b.step, APP_PREPARED);
	assert_string_equal(b.current.name, "registry.example.com/web:1");
	assert_true(app_same(&b.previous, &a.previous) && app_same(&b.candidate, &a.candidate));
	assert_false(app_has(&b.failed));
	assert_string_equal(b.reason, "a reason");
}

/* The disk may have any part of the block that was under way: the one before it counts then. */
static void a_torn_write_leaves_what_was(void **state)
{
	struct app a = sample(), b;
	char before[JOURNAL_LEN], after[JOURNAL_LEN], torn[JOURNAL_LEN];
	size_t n_old = 0, n_new = 0;

	(void)state;
	assert_works(app_write(store, "web", &a, &err));
	for (a.starts = 1; a.starts < 4; a.starts++) {
		read_all(before);
		assert_works(app_write(store, "web", &a, &err));
		read_all(after);
		for (size_t cut = 0; cut <= JOURNAL_LEN; cut += 7) {
			memcpy(torn, after, cut);
			memcpy(torn + cut, before + cut, JOURNAL_LEN - cut);
			write_all(torn);
			assert_works(app_read(store, "web", &b, &err));
			assert_in_range(b.starts, a.starts - 1, a.starts);
			n_old += b.starts < a.starts;
			n_new += b.starts == a.starts;
		}
		write_all(after);
	}
	assert_true(n_old > 50 && n_new > 50);
}

static void a_rotten_block_does_not_count(void **state)
{
	struct app a = sample(), b;
	char bytes[JOURNAL_LEN];

	(void)state;
	assert_works(app_write(store, "web", &a, &err));
	a.starts = 1;
	assert_works(app_write(store, "web", &a, &err));
	read_all(bytes);
	for (size_t at = JOURNAL_LEN / 2; at < JOURNAL_LEN / 2 + 300; at++) {
		bytes[at] ^= 0x10;
		write_all(bytes);
		bytes[at] ^= 0x10;
		assert_works(app_read(store, "web", &b, &err));
		assert_int_equal(b.starts, 0);
	}
	memset(bytes, 'x', JOURNAL_LEN);
	write_all(bytes);
	assert_fails(app_read(store, "web", &b, &err), OTA_CORRUPT);
	/* and is written anew */
	assert_works(app_write(store, "web", &a, &err));
	assert_works(app_read(store, "web", &b, &err));
}

static void a_short_file_is_no_journal(void **state)
{
	struct app a = sample(), b;

	(void)state;
	assert_works(app_write(store, "web", &a, &err));
	assert_int_equal(truncate(journal, 100), 0);
	assert_fails(app_read(store, "web", &b, &err), OTA_CORRUPT);
}

/* In place: no block of the disk is needed for it. */
static void a_write_takes_no_room(void **state)
{
	struct app a = sample();
	struct stat before, after;

	(void)state;
	assert_works(app_write(store, "web", &a, &err));
	assert_int_equal(stat(journal, &before), 0);
	for (int i = 0; i < 3; i++)
		assert_works(app_write(store, "web", &a, &err));
	assert_int_equal(stat(journal, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_size, after.st_size);
	assert_true(after.st_blocks >= JOURNAL_LEN / 512);
}

/* Its block is the doubtful one: the sound one is not written over by the next try. */
static void a_write_that_failed_is_tried_at_the_same_place(void **state)
{
	struct app a = sample();
	uint64_t before;

	(void)state;
	assert_works(app_write(store, "web", &a, &err));
	before = a.number;
	a.reason[0] = '\xc3'; /* half a character: no JSON */
	a.reason[1] = '\0';
	assert_fails(app_write(store, "web", &a, &err), OTA_FAILED);
	assert_int_equal(a.number, before);
	a.reason[0] = '\0';
	assert_works(app_write(store, "web", &a, &err));
	assert_int_equal(a.number, before + 1);
}

static int count(void *ctx, const struct app_version *v, struct err *e)
{
	(void)v, (void)e;
	++*(int *)ctx;
	return 0;
}

static void all_that_may_run_is_visited(void **state)
{
	struct app a = sample();
	int n = 0;

	(void)state;
	assert_works(app_each(store, count, &n, &err));
	assert_int_equal(n, 0);
	assert_works(app_write(store, "web", &a, &err));
	a.previous = a.candidate = (struct app_version){0};
	assert_works(app_write(store, "other", &a, &err));
	assert_works(app_each(store, count, &n, &err));
	assert_int_equal(n, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(a_torn_write_leaves_what_was),
		TEST(a_rotten_block_does_not_count),
		TEST(a_short_file_is_no_journal),
		TEST(a_write_takes_no_room),
		TEST(a_write_that_failed_is_tried_at_the_same_place),
		TEST(all_that_may_run_is_visited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
