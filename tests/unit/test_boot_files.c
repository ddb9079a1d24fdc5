/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of boot files: their names, their list, what makes one whole. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/fatname.h"
#include "base/file.h"
#include "boot/bootset.h"
#include "tests/unit/unit.h"

static const struct digest content = {{1, 2, 3}};

static void names_that_fat_keeps(void **state)
{
	static const char *const sound[] = {"Image", "vmlinuz-6.1.0-28-arm64",
		"dtbs/acme/board.dtb", ".vmlinuz.hmac", "a~", "vmlinuz~1x", "vmlinuz-6~1",
		"a~1.dtbo", "a~1.b.c", "overlays/README", "x.y.z"};
	static const char *const unsound[] = {"", "/", "/Image", "Image/", "a//b", ".", "..",
		"../x", "x/..", "x/.", "x.", "x./y", "a b", "a:b", "a*", "a?", "a|b", "a<b",
		"\"x\"", "a\\b", "a\tb", "\x7f", "caf\xc3\xa9", ".ota-files", ".OTA-tmp-1",
		"x/.ota", "a~1", "DTB~12.DTB", "dtbs/aaaaaa~1/x", "1/2/3/4/5/6/7/8/9"};
	char longest[FATNAME_PATH_LEN + 1];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sound); i++)
		assert_works(fatname_check(sound[i], &err));
	for (size_t i = 0; i < ARRAY_LEN(unsound); i++)
		assert_fails(fatname_check(unsound[i], &err), OTA_CORRUPT);
	memset(longest, 'x', sizeof(longest));
	longest[FATNAME_PATH_LEN] = '\0';
	assert_fails(fatname_check(longest, &err), OTA_CORRUPT);
	longest[FATNAME_PATH_LEN - 1] = '\0';
	assert_works(fatname_check(longest, &err));
}

static void names_in_each_other_s_way(void **state)
{
	(void)state;
	assert_true(fatname_collide("Image", "image"));
	assert_true(fatname_collide("dtbs/A.dtb", "DTBS/a.DTB"));
	assert_true(fatname_collide("dtbs", "dtbs/a"));
	assert_true(fatname_collide("DTBS/a", "dtbs"));
	assert_false(fatname_collide("dtbs/a", "dtbs/b"));
	assert_false(fatname_collide("Image", "Image-6.1"));
}

static int fill(void *ctx, int fd, const char *path, struct digest *digest, struct err *err)
{
	const char *text = ctx;

	if (file_pwrite(fd, text, strlen(text), 0, path, err) < 0)
		return -1;
	return digest_of(text, strlen(text), digest, err);
}

/* Says one thing and writes another. */
static int fill_falsely(void *ctx, int fd, const char *path, struct digest *digest, struct err *err)
{
	int rc = fill(ctx, fd, path, digest, err);

	digest->bytes[0] ^= 1;
	return rc;
}

static void make_set(void **state)
{
	AUTO_BOOTSET set = BOOTSET;
	struct err err;

	assert_works(bootset_begin(&set, *state, 'b', &content, &err));
	assert_works(bootset_add(&set, "Image", fill, "a kernel", &err));
	assert_works(bootset_add(&set, "dtbs/acme/board.dtb", fill, "a tree", &err));
	assert_fails(bootset_check(*state, 'b', NULL, &err), OTA_NOTHING);
	assert_works(bootset_end(&set, &err));
	assert_works(bootset_check(*state, 'b', &content, &err));
}

static void put(void **state, const char *name, const char *text)
{
	struct err err;

	assert_works(file_publish(at(state, name), text, strlen(text), 0644, &err));
}

static void a_set_is_whole_or_none(void **state)
{
	static const struct digest other = {{9}};
	struct err err;

	assert_fails(bootset_check(*state, 'b', NULL, &err), OTA_NOTHING);
	make_set(state);
	assert_works(bootset_check(*state, 'b', NULL, &err));
	assert_fails(bootset_check(*state, 'b', &other, &err), OTA_CORRUPT);
	assert_fails(bootset_check(*state, 'a', NULL, &err), OTA_NOTHING);
	put(state, "b/Image", "a kernal");
	assert_fails(bootset_check(*state, 'b', &content, &err), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "Image"));
	make_set(state);
	put(state, "b/Image", "a kernel!");
	assert_fails(bootset_check(*state, 'b', &content, &err), OTA_CORRUPT);
	make_set(state);
	unlink(at(state, "b/dtbs/acme/board.dtb"));
	assert_fails(bootset_check(*state, 'b', &content, &err), OTA_CORRUPT);
}

static void the_old_set_goes_with_all_that_lies_there(void **state)
{
	struct err err;

	make_set(state);
	assert_works(dir_make(at(state, "b/old/deep"), &err));
	put(state, "b/old/deep/file", "x");
	put(state, "b/.ota-tmp-killed", "x");
	assert_int_equal(symlink("/nowhere", at(state, "b/link")), 0);
	make_set(state);
	assert_int_equal(access(at(state, "b/old"), F_OK), -1);
	assert_int_equal(access(at(state, "b/.ota-tmp-killed"), F_OK), -1);
	assert_int_equal(faccessat(AT_FDCWD, at(state, "b/link"), F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(access(at(state, "b/Image"), F_OK), 0);
}

/* Only what is damaged is written again: what is sound may be all that boots. */
static void a_damaged_set_is_mended(void **state)
{
	AUTO_BOOTSET set = BOOTSET, other = BOOTSET;
	static const struct digest other_content = {{9}};
	struct stat before, after;
	struct err err;

	assert_fails(bootset_open(&set, *state, 'b', NULL, &err), OTA_NOTHING);
	make_set(state);
	assert_fails(bootset_open(&other, *state, 'b', &other_content, &err), OTA_CORRUPT);
	put(state, "b/dtbs/acme/board.dtb", "rotten");
	assert_int_equal(stat(at(state, "b/Image"), &before), 0);
	assert_works(bootset_open(&set, *state, 'b', &content, &err));
	assert_works(bootset_mend(&set, "Image", fill_falsely, "never called", &err));
	assert_fails(bootset_mend(&set, "dtbs/acme/board.dtb", fill_falsely, "a tree", &err),
		OTA_CORRUPT);
	assert_works(bootset_mend(&set, "dtbs/acme/board.dtb", fill, "a tree", &err));
	assert_fails(bootset_mend(&set, "stranger", fill, "x", &err), OTA_CORRUPT);
	assert_works(bootset_check(*state, 'b', &content, &err));
	assert_int_equal(stat(at(state, "b/Image"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

/* Whatever stops the removal of the old set half-way: it is no set any more by then. Here it is a
 * folder that has become a link, into which nothing else goes. */
static void the_old_list_goes_first(void **state)
{
	AUTO_BOOTSET set = BOOTSET;
	struct err err;

	make_set(state);
	assert_int_equal(rename(at(state, "b"), at(state, "elsewhere")), 0);
	assert_int_equal(symlink("elsewhere", at(state, "b")), 0);
	assert_fails(bootset_begin(&set, *state, 'b', &content, &err), OTA_IO);
	assert_int_equal(access(at(state, "elsewhere/.ota-files"), F_OK), -1);
	assert_int_equal(access(at(state, "elsewhere/Image"), F_OK), 0);
}

static void a_file_that_reads_back_differently_is_none(void **state)
{
	AUTO_BOOTSET set = BOOTSET;
	struct err err;

	assert_works(bootset_begin(&set, *state, 'b', &content, &err));
	assert_fails(bootset_add(&set, "Image", fill_falsely, "x", &err), OTA_CORRUPT);
	assert_int_equal(access(at(state, "b/Image"), F_OK), -1);
}

/* Each byte of the list, turned, makes it no list. */
static void a_damaged_list_is_none(void **state)
{
	AUTO_BUF text = BUF(BOOTLIST_MAX);
	struct err err;

	make_set(state);
	assert_works(file_read(at(state, "b/.ota-files"), &text, &err));
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		assert_works(
			file_publish(at(state, "b/.ota-files"), text.data, text.len, 0644, &err));
		assert_fails(bootset_check(*state, 'b', NULL, &err), OTA_CORRUPT);
		text.data[i] ^= 1;
		assert_works(file_publish(at(state, "b/.ota-files"), text.data, i, 0644, &err));
		assert_fails(bootset_check(*state, 'b', NULL, &err), OTA_CORRUPT);
	}
}

static void room_is_reckoned_before(void **state)
{
	struct tree_file file = {.path = "Image"};
	const struct tree files = {&file, 1};
	struct statvfs v;
	struct err err;

	assert_int_equal(statvfs(*state, &v), 0);
	file.size_bytes = 1;
	assert_works(bootset_check_room(*state, 'b', &files, &err));
	file.size_bytes = (uint64_t)v.f_bavail * v.f_frsize + (1u << 20);
	assert_fails(bootset_check_room(*state, 'b', &files, &err), OTA_SPACE);
	file.size_bytes = INT64_MAX;
	assert_fails(bootset_check_room(*state, 'b', &files, &err), OTA_SPACE);
	assert_fails(bootset_check_room(at(state, "nowhere"), 'b', &files, &err), OTA_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_fat_keeps),
		cmocka_unit_test(names_in_each_other_s_way),
		in_scratch(a_set_is_whole_or_none),
		in_scratch(the_old_set_goes_with_all_that_lies_there),
		in_scratch(a_damaged_set_is_mended),
		in_scratch(the_old_list_goes_first),
		in_scratch(a_file_that_reads_back_differently_is_none),
		in_scratch(a_damaged_list_is_none),
		in_scratch(room_is_reckoned_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
