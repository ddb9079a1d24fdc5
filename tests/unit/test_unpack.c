/* SPDX-License-Identifier: Apache-2.0 */
/* The applier: what sound layers become. */
#include <locale.h>

#include "tests/unit/layer_world.h"

#define OPAQUE "trusted.overlay.opaque"

static const unsigned char capability[20] = {1, 0, 0, 2, 0, 4}; /* net_bind_service, effective */

static void all_kinds_of_entries(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	struct stat st;
	char target[16] = {0};

	tar_put(&l->tar, (struct tar_entry){.type = '5', .name = "./", .mode = 0750, .uid = 3});
	tar_put(&l->tar, (struct tar_entry){.type = '5', .name = "./d/", .mode = 02775, .gid = 50});
	tar_put(&l->tar, (struct tar_entry){.type = '0',
				 .name = "/d/f",
				 .mode = 04711,
				 .uid = 7,
				 .gid = 8,
				 .text = "hello"});
	tar_put(&l->tar,
		(struct tar_entry){.type = '2', .name = "d/l", .target = "/etc/f", .uid = 9});
	tar_put(&l->tar, TAR_HARD("d/h", "./d/f"));
	tar_put(&l->tar, TAR_HARD("d/hl", "d/l"));
	tar_put(&l->tar,
		(struct tar_entry){.type = '3', .name = "c", .mode = 0666, .major = 1, .minor = 3});
	tar_put(&l->tar, (struct tar_entry){
				 .type = '4', .name = "b", .mode = 0660, .major = 7, .minor = 300});
	tar_put(&l->tar, (struct tar_entry){.type = '6', .name = "p", .mode = 0622});
	layer_works(l);
	st = stat_of(l, ".");
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_int_equal(st.st_uid, 3);
	assert_int_equal(st.st_mtime, TAR_MTIME);
	st = stat_of(l, "d");
	assert_int_equal(st.st_mode, S_IFDIR | 02775);
	assert_int_equal(st.st_gid, 50);
	assert_int_equal(st.st_mtime, TAR_MTIME);
	st = stat_of(l, "d/f");
	assert_int_equal(st.st_mode, S_IFREG | 04711);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_gid, 8);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mtime, TAR_MTIME);
	assert_int_equal(st.st_ino, stat_of(l, "d/h").st_ino);
	assert_text(l, "d/h", "hello");
	st = stat_of(l, "d/l");
	assert_int_equal(st.st_uid, 9);
	assert_int_equal(st.st_mtime, TAR_MTIME);
	assert_int_equal(st.st_ino, stat_of(l, "d/hl").st_ino);
	assert_int_equal(readlinkat(l->root_fd, "d/l", target, sizeof(target)), 6);
	assert_string_equal(target, "/etc/f");
	assert_int_equal(stat_of(l, "c").st_mode, S_IFCHR | 0666);
	assert_int_equal(stat_of(l, "c").st_rdev, makedev(1, 3));
	assert_int_equal(stat_of(l, "b").st_mode, S_IFBLK | 0660);
	assert_int_equal(stat_of(l, "b").st_rdev, makedev(7, 300));
	assert_int_equal(stat_of(l, "p").st_mode, S_IFIFO | 0622);
	assert_int_equal(l->result.entries, 9);
	assert_int_equal(l->result.bytes, 5);
	assert_int_equal(l->contents, 1);
	assert_false(l->result.by_chain);
	assert_false(l->result.replaced);
	assert_int_equal(l->lower_calls, 0);
}

static void attributes(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	char cap[64];

	tar_pax(&l->tar, "SCHILY.xattr.user.a", "one", 3);
	tar_put(&l->tar, TAR_FOLDER("d"));
	tar_pax(&l->tar, "SCHILY.xattr.security.capability", capability, sizeof(capability));
	tar_put(&l->tar, (struct tar_entry){.type = '0', .name = "d/f", .uid = 5, .text = "x"});
	tar_pax(&l->tar, "SCHILY.xattr.trusted.overlay.opaque", "y", 1);
	tar_put(&l->tar, TAR_FOLDER("planted"));
	tar_pax(&l->tar, "SCHILY.xattr.trusted.overlay.redirect", "/d", 2);
	tar_put(&l->tar, TAR_FOLDER("planted/2"));
	tar_pax(&l->tar, "SCHILY.xattr.user.overlay.opaque", "y", 1);
	tar_put(&l->tar, TAR_FOLDER("planted/3"));
	tar_pax(&l->tar, "SCHILY.xattr.security.selinux", "root", 4);
	tar_put(&l->tar, TAR_FILE("label", ""));
	tar_pax(&l->tar, "SCHILY.xattr.user.b", "x", 1);
	tar_put(&l->tar, TAR_LINK("link", "d/f"));
	tar_pax(&l->tar, "mtime", "1500000000.123456789", 20);
	tar_put(&l->tar, TAR_FILE("time", ""));
	layer_works(l);
	assert_string_equal(xattr_of(l, "d", "user.a"), "one");
	snprintf(cap, sizeof(cap), "/proc/self/fd/%d/d/f", l->root_fd);
	assert_int_equal(lgetxattr(cap, "security.capability", cap, sizeof(cap)), 20);
	assert_memory_equal(cap, capability, 20);
	assert_string_equal(xattr_of(l, "planted", OPAQUE), "");
	assert_string_equal(xattr_of(l, "planted/2", "trusted.overlay.redirect"), "");
	assert_string_equal(xattr_of(l, "planted/3", "user.overlay.opaque"), "");
	assert_string_equal(xattr_of(l, "label", "security.selinux"), "");
	assert_true(S_ISLNK(stat_of(l, "link").st_mode));
	assert_int_equal(stat_of(l, "time").st_mtim.tv_sec, 1500000000);
	assert_int_equal(stat_of(l, "time").st_mtim.tv_nsec, 123456789);
}

static void whiteouts(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	tar_put(&l->tar, TAR_FOLDER("d"));
	tar_put(&l->tar, TAR_FILE("d/.wh..wh..opq", ""));
	tar_put(&l->tar, TAR_FILE("d/.wh.gone", "its content is of no use"));
	tar_put(&l->tar, TAR_FILE("d/.wh..wh.plnk", ""));
	tar_put(&l->tar, TAR_FILE(".wh..wh.aufs", ""));
	tar_put(&l->tar, TAR_FILE(".wh.first", ""));
	tar_put(&l->tar, TAR_FILE("first", "stays"));
	tar_put(&l->tar, TAR_FILE("later", "stays"));
	tar_put(&l->tar, TAR_FILE(".wh.later", ""));
	tar_put(&l->tar, TAR_FILE(".wh.folder", ""));
	tar_put(&l->tar, TAR_FOLDER("folder"));
	tar_put(&l->tar, TAR_FOLDER("folder2"));
	tar_put(&l->tar, TAR_FILE("folder2/in", "stays"));
	tar_put(&l->tar, TAR_FILE(".wh.folder2", ""));
	tar_put(&l->tar, TAR_FILE(".wh.implied", ""));
	tar_put(&l->tar, TAR_FILE("implied/file", "x"));
	tar_put(&l->tar, TAR_FILE(".wh..hidden", ""));
	layer_works(l);
	assert_string_equal(xattr_of(l, "d", OPAQUE), "y");
	assert_true(is_whiteout(l, "d/gone"));
	assert_false(is_there(l, "d/.wh..wh.plnk"));
	assert_false(is_there(l, ".wh..wh.aufs"));
	assert_text(l, "first", "stays");
	assert_text(l, "later", "stays");
	assert_string_equal(xattr_of(l, "folder", OPAQUE), "y");
	assert_string_equal(xattr_of(l, "folder2", OPAQUE), "y");
	assert_text(l, "folder2/in", "stays");
	assert_string_equal(xattr_of(l, "implied", OPAQUE), "y");
	assert_true(is_whiteout(l, ".hidden"));
	assert_false(l->result.replaced);
}

static void folders_that_no_entry_tells_of(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	struct stat st;

	tar_put(&l->tar, TAR_FILE("a/b/c", "x"));
	tar_put(&l->tar, TAR_FILE("a/b/d", "x"));
	layer_works(l);
	assert_int_equal(l->lower_calls, 1);
	assert_false(l->result.by_chain);
	assert_int_equal(l->result.entries, 4);
	st = stat_of(l, "a/b");
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(st.st_mtime, 0);
	assert_int_equal(stat_of(l, "a").st_mtime, 0);
	assert_int_equal(stat_of(l, ".").st_mtime, 0);
}

/* Each kind of entry over each other: the later one is there, whole. */
static void the_later_entry_holds(void **state)
{
	static const char types[] = {'0', '1', '2', '5', '6'};
	char name[16];

	AUTO_LAYER *l = layer_new(state);
	tar_put(&l->tar, TAR_FILE("target", "T"));
	tar_put(&l->tar, TAR_FOLDER("dir"));
	tar_put(&l->tar, TAR_FILE("dir/kept", "k"));
	for (size_t i = 0; i < 25; i++) {
		const char pair[] = {types[i / 5], types[i % 5]};
		snprintf(name, sizeof(name), "%c%c", pair[0], pair[1]);
		for (unsigned n = 0; n < 2; n++)
			tar_put(&l->tar,
				(struct tar_entry){.type = pair[n],
					.name = name,
					.mode = n ? 0700 : 0711,
					.target = pair[n] == '1' ? "target" : "dir",
					.text = pair[n] == '0' ? (n ? "new" : "older") : NULL});
	}
	layer_works(l);
	assert_true(l->result.replaced);
	for (size_t i = 0; i < 25; i++) {
		snprintf(name, sizeof(name), "%c%c", types[i / 5], types[i % 5]);
		struct stat st = stat_of(l, name);
		static const unsigned kinds[] = {S_IFREG, S_IFREG, S_IFLNK, S_IFDIR, S_IFIFO};
		assert_int_equal(st.st_mode & S_IFMT, kinds[i % 5]);
		if (types[i % 5] == '0')
			assert_text(l, name, "new");
		if (types[i % 5] == '1')
			assert_text(l, name, "T");
		if (types[i % 5] == '5')
			assert_int_equal(st.st_mode & 07777, 0700);
	}
	assert_text(l, "target", "T");
	assert_text(l, "dir/kept", "k");
}

static void a_folder_twice_keeps_what_is_in_it(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	tar_pax(&l->tar, "SCHILY.xattr.user.old", "x", 1);
	tar_put(&l->tar, TAR_FOLDER("d"));
	tar_put(&l->tar, TAR_FILE("d/f", "x"));
	tar_put(&l->tar, TAR_FILE("d/.wh..wh..opq", ""));
	tar_pax(&l->tar, "SCHILY.xattr.user.new", "x", 1);
	tar_put(&l->tar, (struct tar_entry){.type = '5', .name = "d", .mode = 0700});
	tar_put(&l->tar, TAR_FILE("f", "x"));
	tar_put(&l->tar, TAR_FOLDER("f"));
	tar_put(&l->tar, TAR_FOLDER("g"));
	tar_put(&l->tar, TAR_FILE("g/in", "x"));
	tar_put(&l->tar, TAR_FILE("g", "file"));
	layer_works(l);
	assert_text(l, "d/f", "x");
	assert_int_equal(stat_of(l, "d").st_mode, S_IFDIR | 0700);
	assert_string_equal(xattr_of(l, "d", "user.old"), "");
	assert_string_equal(xattr_of(l, "d", "user.new"), "x");
	assert_string_equal(xattr_of(l, "d", OPAQUE), "y");
	assert_string_equal(xattr_of(l, "f", OPAQUE), "y"); /* the file hid what is below */
	assert_text(l, "g", "file");
}

static void nothing_is_replaced_by_a_link_to_itself(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	tar_put(&l->tar, TAR_FILE("f", "x"));
	tar_put(&l->tar, TAR_HARD("f", "f"));
	layer_works(l);
	assert_text(l, "f", "x");
	assert_false(l->result.replaced);
}

static void links_lead_inside(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	tar_put(&l->tar, TAR_FOLDER("usr"));
	tar_put(&l->tar, TAR_FOLDER("usr/bin"));
	tar_put(&l->tar, TAR_LINK("bin", "usr/bin"));
	tar_put(&l->tar, TAR_LINK("abs", "/usr/bin"));
	tar_put(&l->tar, TAR_LINK("up", "../../../../usr"));
	tar_put(&l->tar, TAR_FILE("bin/a", "a"));
	tar_put(&l->tar, TAR_FILE("abs/b", "b"));
	tar_put(&l->tar, TAR_FILE("up/bin/c", "c"));
	tar_put(&l->tar, TAR_HARD("bin/d", "abs/b"));
	layer_works(l);
	assert_text(l, "usr/bin/a", "a");
	assert_text(l, "usr/bin/b", "b");
	assert_text(l, "usr/bin/c", "c");
	assert_text(l, "usr/bin/d", "b");
	assert_true(S_ISLNK(stat_of(l, "bin").st_mode));
	assert_int_equal(l->lower_calls, 0);
	assert_int_equal(stat_of(l, "usr/bin").st_mtime, TAR_MTIME);
}

static void a_folder_takes_the_place_of_a_link(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	tar_put(&l->tar, TAR_FOLDER("a"));
	tar_put(&l->tar, TAR_LINK("b", "a"));
	tar_put(&l->tar, TAR_FILE("b/1", "x"));
	tar_put(&l->tar, TAR_FOLDER("b"));
	tar_put(&l->tar, TAR_FILE("b/2", "y"));
	layer_works(l);
	assert_text(l, "a/1", "x");
	assert_text(l, "b/2", "y");
	assert_false(is_there(l, "a/2"));
}

static void zeros_become_holes(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	const size_t len = 1u << 20;
	AUTO_FREE char *data = calloc(1, len);

	memset(data + 500000, 'x', 10);
	data[len - 1] = 'y';
	tar_put(&l->tar, (struct tar_entry){.type = '0', .name = "f", .data = data, .len = len});
	tar_put(&l->tar, (struct tar_entry){.type = '0', .name = "z", .data = data, .len = 8192});
	l->block = 10007;
	l->policy.bytes_max = 20000 + 2 * 8192 + 110 * 8192;
	layer_works(l);
	assert_int_equal(stat_of(l, "f").st_size, len);
	assert_int_equal(stat_of(l, "z").st_size, 8192);
	assert_int_equal(stat_of(l, "z").st_blocks, 0);
	assert_in_range(stat_of(l, "f").st_blocks * 512, 4096, len - 4096);
	assert_true(l->result.bytes < len - 4096);
}

static void long_names(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	char path[700];

	memset(path, 'n', sizeof(path));
	path[200] = path[400] = '/';
	path[640] = '\0';
	tar_pax(&l->tar, "path", path, strlen(path));
	tar_put(&l->tar, TAR_FILE("short", "1"));
	path[0] = 'g';
	tar_put(&l->tar,
		(struct tar_entry){.type = 'L', .name = "././@LongLink", .data = path, .len = 641});
	tar_put(&l->tar, TAR_FILE("short", "2"));
	/* no UTF-8, UTF-8, and UTF-8 that another would compose: names are bytes */
	tar_put(&l->tar, TAR_FILE("\xff\x80", "3"));
	tar_pax(&l->tar, "path", "\xc3\xa4", 2);
	tar_put(&l->tar, TAR_FILE("short", "4"));
	tar_pax(&l->tar, "path", "a\xcc\x88", 3);
	tar_put(&l->tar, TAR_FILE("short", "5"));
	tar_pax(&l->tar, "path", "\xfe", 1);
	tar_put(&l->tar, TAR_FILE("short", "6"));
	tar_pax(&l->tar, "linkpath", "a\xcc\x88", 3);
	tar_put(&l->tar, TAR_HARD("7", "short"));
	layer_works(l);
	assert_text(l, path, "2");
	path[0] = 'n';
	assert_text(l, path, "1");
	assert_text(l, "\xff\x80", "3");
	assert_text(l, "\xc3\xa4", "4");
	assert_text(l, "a\xcc\x88", "5");
	assert_text(l, "\xfe", "6");
	assert_text(l, "7", "5");
}

/* libarchive would put names into the characters of a locale that a program has chosen. */
static void long_names_in_utf8(void **state)
{
	assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
	long_names(state);
	setlocale(LC_ALL, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(all_kinds_of_entries),
		in_scratch(attributes),
		in_scratch(whiteouts),
		in_scratch(folders_that_no_entry_tells_of),
		in_scratch(the_later_entry_holds),
		in_scratch(a_folder_twice_keeps_what_is_in_it),
		in_scratch(nothing_is_replaced_by_a_link_to_itself),
		in_scratch(links_lead_inside),
		in_scratch(a_folder_takes_the_place_of_a_link),
		in_scratch(zeros_become_holes),
		in_scratch(long_names),
		in_scratch(long_names_in_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
