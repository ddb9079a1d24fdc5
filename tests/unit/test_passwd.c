/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the processes of an image belong to, by its own files. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "oci/passwd.h"

#define PASSWD                                                                                     \
	"root:x:0:0:root:/root:/bin/sh\n"                                                          \
	"short:x:5\n"                                                                              \
	"nobody:x:letters:1::/:/bin/sh\n"                                                          \
	"web:x:1000:100:Web,,,:/srv/web:/bin/sh\n"                                                 \
	"web:x:1001:101::/second:/bin/sh\n"                                                        \
	"77:x:78:79::/number:/bin/sh\n"                                                            \
	"lost:x:1002:102::relative:/bin/sh\n"                                                      \
	"odd:x:1003:103::/a\033[31m\xff:/bin/sh\n"                                                 \
	"most:x:4294967294:4294967294::/most:/bin/sh"
#define GROUP                                                                                      \
	"root:x:0:\n"                                                                              \
	"wheel:x:10:root\n"                                                                        \
	"dialout:x:20:other,web\n"                                                                 \
	"\n"                                                                                       \
	"broken:x:web\n"                                                                           \
	"video:x:44:web,other\n"                                                                   \
	"again:x:44:web\n"                                                                         \
	"users:x:100:web\n"                                                                        \
	"webs:x:45:webs\n"

static struct oci_user u;
static struct err err;

static int match(const char *user)
{
	AUTO_FREE char *passwd = strdup(PASSWD), *group = strdup(GROUP);

	return oci_user_match(passwd, group, user, &u, &err);
}

static void assert_is(const char *user, uint32_t uid, uint32_t gid, const char *home)
{
	if (match(user) < 0)
		fail_msg("%s: %s", user, err.msg);
	assert_int_equal(u.uid, uid);
	assert_int_equal(u.gid, gid);
	assert_string_equal(u.home, home);
}

static void names_and_numbers(void **state)
{
	(void)state;
	assert_is("web", 1000, 100, "/srv/web");
	assert_int_equal(u.n_groups, 2);
	assert_int_equal(u.groups[0], 20);
	assert_int_equal(u.groups[1], 44);
	assert_is("1000", 1000, 100, "/srv/web");
	assert_int_equal(u.n_groups, 2);
	assert_is("", 0, 0, "/root");
	assert_int_equal(u.n_groups, 1);
	assert_int_equal(u.groups[0], 10);
	assert_is("most", 4294967294, 4294967294, "/most");
	/* digits are a number, whatever names there are */
	assert_is("77", 77, 0, "/");
	assert_int_equal(u.n_groups, 0);
	assert_is("4294967294", 4294967294, 4294967294, "/most");
}

static void groups(void **state)
{
	(void)state;
	assert_is("web:video", 1000, 44, "/srv/web");
	assert_int_equal(u.n_groups, 0);
	assert_is("web:7", 1000, 7, "/srv/web");
	assert_is("1234:video", 1234, 44, "/");
	assert_is("1234:5678", 1234, 5678, "/");
	assert_is(":video", 0, 44, "/root");
}

static void nobody_there(void **state)
{
	static const char *const wrong[] = {"none", "we", "webs", "short", "nobody", "-1",
		"4294967295", "99999999999999999999", "web:none", "web:broken", "web:4294967295",
		"web:", "web:video:x", "1x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(match(wrong[i]), OTA_CONFIG);
}

static void homes(void **state)
{
	(void)state;
	assert_is("lost", 1002, 102, "/");
	assert_is("odd", 1003, 103, "/a?[31m?");
}

static void too_many_groups(void **state)
{
	AUTO_BUF text = BUF(1 << 20);

	(void)state;
	for (int i = 0; i < OCI_GROUPS_MAX; i++)
		assert_works(buf_printf(&text, &err, "g%d:x:%d:web\n", i, 2000 + i));
	char passwd[] = PASSWD, again[] = PASSWD;
	AUTO_FREE char *group = strdup(text.data);
	assert_works(oci_user_match(passwd, group, "web", &u, &err));
	assert_int_equal(u.n_groups, OCI_GROUPS_MAX);
	assert_works(buf_printf(&text, &err, "last:x:1:web\n"));
	assert_fails(oci_user_match(again, text.data, "web", &u, &err), OTA_CORRUPT);
}

static void write_file(void **state, const char *name, const char *text)
{
	assert_works(file_publish(at(state, name), text, strlen(text), 0644, &err));
}

static int find(void **state, const char *user)
{
	AUTO_FD root = open(at(state, ""), O_PATH | O_DIRECTORY);

	assert_true(root >= 0);
	return oci_user_find(root, user, &u, &err);
}

static void an_image_without_files(void **state)
{
	assert_works(find(state, ""));
	assert_int_equal(u.uid, 0);
	assert_string_equal(u.home, "/");
	assert_works(find(state, "7:8"));
	assert_int_equal(u.gid, 8);
	assert_fails(find(state, "web"), OTA_CONFIG);
}

static void files_of_an_image(void **state)
{
	mkdir(at(state, "etc"), 0755);
	write_file(state, "etc/passwd", PASSWD);
	write_file(state, "etc/group", GROUP);
	assert_works(find(state, "web"));
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.n_groups, 2);
}

/* A link leads inside of the image, whatever it says, and what is no file is none. */
static void hostile_files(void **state)
{
	AUTO_BUF large = BUF(2 << 20);

	mkdir(at(state, "etc"), 0755);
	assert_return_code(symlink("/etc/real", at(state, "etc/passwd")), 0);
	write_file(state, "etc/real", PASSWD);
	assert_works(find(state, "web"));
	unlink(at(state, "etc/passwd"));
	assert_return_code(symlink("../../../../etc/passwd", at(state, "etc/passwd")), 0);
	assert_fails(find(state, "web"), OTA_IO);
	unlink(at(state, "etc/passwd"));
	assert_return_code(mkfifo(at(state, "etc/passwd"), 0644), 0);
	assert_fails(find(state, "web"), OTA_CORRUPT);
	unlink(at(state, "etc/passwd"));
	for (int i = 0; i < 1 << 16; i++)
		assert_works(buf_add(&large, "0123456789abcdef", 16, &err));
	write_file(state, "etc/passwd", large.data);
	assert_fails(find(state, "web"), OTA_CONFIG);
	assert_works(buf_add(&large, "+", 1, &err));
	write_file(state, "etc/passwd", large.data);
	assert_fails(find(state, "web"), OTA_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers),
		cmocka_unit_test(groups),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(homes),
		cmocka_unit_test(too_many_groups),
		in_scratch(an_image_without_files),
		in_scratch(files_of_an_image),
		in_scratch(hostile_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
