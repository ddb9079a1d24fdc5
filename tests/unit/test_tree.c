/* SPDX-License-Identifier: Apache-2.0 */
/* A tree is removed however deep it is, and nothing but the tree. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/tree.h"
#include "tests/unit/unit.h"

#define DEEP 1000
#define LINK_DEPTH 500
#define NAME_LEN 255 /* the longest: the whole path has many times PATH_MAX */

static struct err err;

static void make_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
}

static int make_dir(int dir_fd, const char *name)
{
	assert_int_equal(mkdirat(dir_fd, name, 0700), 0);
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	return fd;
}

/* Beside the way down: folders with something in them, and one that nobody but root may read. */
static void make_broad(int dir_fd)
{
	char name[32];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "broad-%d", i);
		int fd = make_dir(dir_fd, name);
		make_file(fd, "file");
		close(make_dir(fd, "empty"));
		close(fd);
	}
	if (geteuid() == 0)
		assert_int_equal(mkdirat(dir_fd, "work", 0), 0);
}

/* `levels` folders in each other; broad where a walk turns round, links on the way, files below. */
static void make_deep(int at_fd, const char *name, int levels)
{
	char down[NAME_LEN + 1];
	int fd = make_dir(at_fd, name);

	memset(down, 'd', NAME_LEN);
	down[NAME_LEN] = '\0';
	for (int i = 1; i <= levels; i++) {
		if (i % 100 == 0 || (i > 140 && i < 150))
			make_broad(fd);
		if (i == LINK_DEPTH) {
			assert_int_equal(symlinkat("/proc/self/cwd/kept", fd, "link"), 0);
			assert_int_equal(symlinkat("/proc/self/cwd/kept/file", fd, "file"), 0);
		}
		int next = make_dir(fd, down);
		close(fd);
		fd = next;
	}
	make_file(fd, "one");
	make_file(fd, "two");
	close(fd);
}

/* In the scratch folder: what is removed, with names that a removal might want, and what is not. */
static void make_tree(void **state, int levels)
{
	assert_int_equal(chdir(*state), 0);
	int kept = make_dir(AT_FDCWD, "kept");
	make_file(kept, "file");
	close(kept);
	make_deep(AT_FDCWD, "tree", levels);
	int fd = open("tree", O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	make_file(fd, "deep-1");
	make_deep(fd, "deep-2", 200);
	assert_int_equal(symlinkat("../kept", fd, "deep-3"), 0);
	close(make_dir(fd, "deep-4"));
	close(fd);
}

static int first_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static bool is_there(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void only_the_tree_is_gone(void)
{
	assert_false(is_there("tree"));
	assert_true(is_there("kept/file"));
	assert_int_equal(rmdir("kept"), -1);
	assert_int_equal(errno, ENOTEMPTY);
}

static void any_depth_is_removed(void **state)
{
	int free_fd = first_free();

	make_tree(state, DEEP);
	assert_works(tree_discard("tree", &err));
	only_the_tree_is_gone();
	assert_works(tree_discard("tree", &err));
	assert_int_equal(first_free(), free_fd);
}

static void the_folder_itself_may_stay(void **state)
{
	make_tree(state, 300); /* each is synced, which takes its time */
	assert_works(tree_remove("tree", &err));
	assert_int_equal(rmdir("tree"), 0);
	only_the_tree_is_gone();
	assert_works(tree_remove("tree", &err));
}

static void a_file_or_a_link_is_one_name(void **state)
{
	assert_int_equal(chdir(*state), 0);
	int kept = make_dir(AT_FDCWD, "kept");
	make_file(kept, "file");
	close(kept);
	assert_int_equal(symlink("kept", "tree"), 0);
	assert_works(tree_remove_at(AT_FDCWD, "tree", &err));
	only_the_tree_is_gone();
	assert_works(tree_remove_at(AT_FDCWD, "kept/file", &err));
	assert_int_equal(rmdir("kept"), 0);
	assert_fails(tree_remove_at(AT_FDCWD, "kept", &err), OTA_IO);
}

/* discard_with N: while the process can open no more than so many files. */
static int discard_with(unsigned n)
{
	struct rlimit all, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = (rlim_t)first_free() + n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	int rc = tree_discard("tree", &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	return rc;
}

static void few_descriptors_are_enough(void **state)
{
	make_tree(state, DEEP);
	assert_works(discard_with(30));
	only_the_tree_is_gone();
}

static void so_are_two(void **state)
{
	make_tree(state, DEEP);
	assert_fails(discard_with(0), OTA_IO);
	assert_fails(discard_with(1), OTA_IO);
	assert_works(discard_with(2));
	only_the_tree_is_gone();
}

/* One that is mounted in the tree cannot be moved out of there. */
static void what_cannot_be_moved_is_said(void **state)
{
	assert_int_equal(chdir(*state), 0);
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	close(make_dir(AT_FDCWD, "tree"));
	close(make_dir(AT_FDCWD, "tree/mounted"));
	assert_int_equal(mount("none", "tree/mounted", "tmpfs", 0, NULL), 0);
	make_deep(AT_FDCWD, "tree/mounted/deep", 200);
	assert_fails(tree_discard("tree", &err), OTA_IO);
	assert_non_null(strstr(err.msg, "lies too deep, and cannot be moved"));
	assert_int_equal(umount("tree/mounted"), 0);
	assert_works(tree_discard("tree", &err));
}

static void what_is_counted_has_its_limit(void **state)
{
	uint64_t bytes;

	assert_int_equal(chdir(*state), 0);
	make_deep(AT_FDCWD, "tree", TREE_DEPTH_MAX);
	assert_works(tree_usage("tree", &bytes, &err));
	assert_in_range(bytes, 1, 1 << 30);
	make_deep(AT_FDCWD, "deeper", 2 * TREE_DEPTH_MAX);
	assert_fails(tree_usage("deeper", &bytes, &err), OTA_IO);
	assert_works(tree_usage("none", &bytes, &err));
	assert_int_equal(bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(any_depth_is_removed),
		in_scratch(the_folder_itself_may_stay),
		in_scratch(a_file_or_a_link_is_one_name),
		in_scratch(few_descriptors_are_enough),
		in_scratch(so_are_two),
		in_scratch(what_is_counted_has_its_limit),
		in_scratch(what_cannot_be_moved_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
