/* SPDX-License-Identifier: Apache-2.0 */
/* What is pure about registries: references, names of images, platforms, challenges, credentials,
 * lists of referrers. */
#include <stdio.h>
#include <string.h>

#include "flow/images.h"
#include "io/authfile.h"
#include "io/challenge.h"
#include "io/platform.h"
#include "io/reference.h"
#include "io/referrers.h"
#include "service/plan.h"
#include "tests/unit/unit.h"

#define ZEROS "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static void references_have_their_forms(void **state)
{
	static const char *const forms[][4] = {{"docker://h/a", "h", "a", "latest"},
		{"docker://h:5000/a/b-c__d.e:1.0", "h:5000", "a/b-c__d.e", "1.0"},
		{"docker://[::1]:5000/a", "[::1]:5000", "a", "latest"},
		{"docker://docker.io/a", "registry-1.docker.io", "library/a", "latest"},
		{"docker://docker.io/a/b", "registry-1.docker.io", "a/b", "latest"},
		{"docker://h/a@" ZEROS, "h", "a", ZEROS}};
	static const char *const wrong[] = {"docker://", "docker://h", "docker:///a", "docker://h/",
		"docker://h/A", "docker://h/a/../b", "docker://h/a___b",
		"docker://h/a:", "docker://h/a@", "docker://h/a:1@" ZEROS, "docker://u@h/a",
		"docker://h:x/a", "docker://h:/a", "docker://[::1/a", "docker://-h/a", "oci:h/a"};
	struct reference r;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		assert_works(reference_parse(forms[i][0], &r, &err));
		assert_string_equal(r.host, forms[i][1]);
		assert_string_equal(r.repo, forms[i][2]);
		assert_string_equal(r.name, forms[i][3]);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(reference_parse(wrong[i], &r, &err), OTA_USAGE);
}

/* A pull and whoever looks for what it brought agree on its name, however it is written. */
static void what_was_pulled_is_found(void **state)
{
	static const char *const names[][2] = {
		{"docker://docker.io/nginx:1.25", "registry-1.docker.io/library/nginx:1.25"},
		{"docker://docker.io/nginx", "registry-1.docker.io/library/nginx:latest"},
		{"docker://docker.io/a/b:1", "registry-1.docker.io/a/b:1"},
		{"docker://docker.io/a@" ZEROS, "registry-1.docker.io/library/a@" ZEROS},
		{"docker://h:5000/a/web", "h:5000/a/web:latest"}, {"docker://h/a:1", "h/a:1"}};
	struct descriptor d = {.media_type = MEDIA_TYPE_MANIFEST};
	const struct source_options options = {0};
	struct app_version version;
	char name[TAG_LEN];
	struct err err;

	assert_works(layout_create(*state, &err));
	assert_works(layout_blob_put(*state, "{}", 2, &d, &err));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct service service = {.name = "web", .source = (char *)names[i][0]};
		AUTO_SOURCE *source = source_open(names[i][0], &options, &err);

		assert_non_null(source);
		assert_works(images_name(source, NULL, name, &err));
		assert_string_equal(name, names[i][1]);
		assert_fails(plan_image(&service, *state, &version, &err), OTA_NOTHING);
		assert_works(layout_tag_set(*state, name, &d, &err));
		assert_works(plan_image(&service, *state, &version, &err));
		assert_string_equal(version.name, names[i][1]);
		assert_true(digest_equal(&version.manifest.digest, &d.digest));
	}
}

/* What was pulled --name, for want of its source, is that of the file, as it is written there. */
static void a_name_given_by_hand_is_found(void **state)
{
	static const char *const names[] = {"docker.io/nginx", "h/web"};
	struct descriptor d = {.media_type = MEDIA_TYPE_MANIFEST};
	struct app_version version;
	char source[64];
	struct err err;

	assert_works(layout_create(*state, &err));
	assert_works(layout_blob_put(*state, "{}", 2, &d, &err));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct service service = {.name = "web", .source = source};

		snprintf(source, sizeof(source), "docker://%s", names[i]);
		assert_works(layout_tag_set(*state, names[i], &d, &err));
		assert_works(plan_image(&service, *state, &version, &err));
		assert_string_equal(version.name, names[i]);
	}
}

static void a_name_can_be_read_back(void **state)
{
	static const char *const wrong[] = {"", "a b", "a\tb", "a\rb", "a\x01", "a\x7f", "\x1b[m",
		"fetched", "written", "sha256-0"};
	const struct source_options options = {0};
	AUTO_SOURCE *source = source_open("docker://h/a", &options, &(struct err){0});
	char name[TAG_LEN];
	struct err err;

	(void)state;
	assert_non_null(source);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(images_name(source, wrong[i], name, &err), OTA_USAGE);
	assert_works(images_name(source, "\xc3\xa4:1", name, &err));
	assert_string_equal(name, "\xc3\xa4:1");
}

/* Which of the entries "ARCHITECTURE/VARIANT ..." is chosen: its size is its number. */
static int chosen(const char *entries, const char *architecture, unsigned variant)
{
	const struct platform platform = {architecture, variant};
	char text[4096] = "{\"manifests\":[", words[256], *rest = words, *word;
	struct descriptor d;
	struct err err;

	strcpy(words, entries);
	for (int i = 1; (word = strsep(&rest, " ")); i++) {
		char *slash = strchr(word, '/');
		*slash = '\0';
		sprintf(text + strlen(text),
			"%s{\"mediaType\":\"m\",\"digest\":\"" ZEROS "\",\"size\":%d,\"platform\":{"
			"\"os\":\"linux\",\"architecture\":\"%s\"%s%s%s}}",
			i > 1 ? "," : "", i, word, slash[1] ? ",\"variant\":\"" : "", slash + 1,
			slash[1] ? "\"" : "");
	}
	strcat(text, "]}");
	if (platform_choose(text, strlen(text), &platform, &d, &err) == 0)
		return (int)d.size;
	assert_int_equal(err.code, OTA_INCOMPATIBLE);
	return 0;
}

static void the_nearest_platform_is_chosen(void **state)
{
	(void)state;
	assert_int_equal(chosen("amd64/ arm64/ arm/v7", "arm64", 8), 2);
	assert_int_equal(chosen("arm64/v8", "arm64", 8), 1);
	assert_int_equal(chosen("arm/v5 arm/v6 arm/v7", "arm", 6), 2);
	assert_int_equal(chosen("arm/v5 arm/v8", "arm", 7), 1);
	assert_int_equal(chosen("arm/ arm/v6", "arm", 7), 1);
	assert_int_equal(chosen("arm/ arm/v6", "arm", 6), 2);
	assert_int_equal(chosen("amd64/v3 amd64/", "amd64", 1), 2);
	assert_int_equal(chosen("amd64/v3", "amd64", 1), 0);
	assert_int_equal(chosen("arm64/vx", "arm64", 8), 0);
	assert_int_equal(chosen("riscv64/", "riscv64", 0), 1);
}

static void challenges_are_read(void **state)
{
	static const char *const wrong[] = {"", "Bearer", "Bearer service=s", "Bearer realm=\"a",
		"Bearer realm=\"a\\", "Bearer realm=a,realm=b", "Bearer realm=a;scope=b",
		"Bearer =a", "Bearer\trealm=a", "Bearer realm=\"a\x01\""};
	struct challenge c;
	struct err err;

	(void)state;
	assert_works(challenge_parse(
		"bearer Realm = \"a\\\"b\" , x=y,service=s,scope=\"p,q r\"", &c, &err));
	assert_true(c.bearer);
	assert_string_equal(c.realm, "a\"b");
	assert_string_equal(c.service, "s");
	assert_string_equal(c.scope, "p,q r");
	assert_works(challenge_parse("Basic realm=x, Bearer realm=y", &c, &err));
	assert_false(c.bearer);
	assert_fails(challenge_parse("Negotiate", &c, &err), OTA_REFUSED);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(challenge_parse(wrong[i], &c, &err), OTA_CORRUPT);
}

static void credentials_are_of_one_host(void **state)
{
	static const char text[] = "{\"auths\":{\"a:1\":{\"auth\":\"QQ==\"},\"https://b/v1/\":"
				   "{\"auth\":\"Qg==\"},\"c/repo\":{\"auth\":\"Qw==\"}}}";
	static const char *const found[][2] = {
		{"a:1", "QQ=="}, {"b", "Qg=="}, {"a", ""}, {"a:11", ""}, {"c", ""}, {"", ""}};
	char basic[AUTHFILE_BASIC_LEN];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		assert_works(authfile_find(text, strlen(text), found[i][0], basic, &err));
		assert_string_equal(basic, found[i][1]);
	}
}

static void credentials_of_the_hub_have_other_names(void **state)
{
	static const char *const texts[] = {
		"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"QQ==\"}}}",
		"{\"auths\":{\"docker.io\":{\"auth\":\"QQ==\"}}}",
		("{\"auths\":{\"registry-1.docker.io\":{\"auth\":\"QQ==\"},"
		 "\"docker.io\":{\"auth\":\"Qg==\"}}}")};
	char basic[AUTHFILE_BASIC_LEN];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		size_t len = strlen(texts[i]);

		assert_works(authfile_find(texts[i], len, "registry-1.docker.io", basic, &err));
		assert_string_equal(basic, "QQ==");
		assert_works(authfile_find(texts[i], len, "h", basic, &err));
		assert_string_equal(basic, "");
	}
}

static void a_list_of_referrers_grows(void **state)
{
	struct descriptor d = {.media_type = MEDIA_TYPE_MANIFEST, .size = 7};
	AUTO_BUF first = BUF(4096);
	AUTO_BUF second = BUF(4096);
	struct referrers list;
	struct err err;
	bool had;

	(void)state;
	assert_works(referrers_add(NULL, 0, &d, "x", NULL, &first, &had, &err));
	assert_false(had);
	assert_works(referrers_add(first.data, first.len, &d, "x", NULL, &second, &had, &err));
	assert_true(had);
	assert_string_equal(first.data, second.data);
	assert_works(referrers_read(first.data, first.len, "x", &list, &err));
	assert_int_equal(list.n, 1);
	assert_true(digest_equal(&list.items[0].digest, &d.digest));
	assert_works(referrers_read(first.data, first.len, "y", &list, &err));
	assert_int_equal(list.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_have_their_forms),
		in_scratch(what_was_pulled_is_found),
		in_scratch(a_name_given_by_hand_is_found),
		cmocka_unit_test(a_name_can_be_read_back),
		cmocka_unit_test(the_nearest_platform_is_chosen),
		cmocka_unit_test(challenges_are_read),
		cmocka_unit_test(credentials_are_of_one_host),
		cmocka_unit_test(credentials_of_the_hub_have_other_names),
		cmocka_unit_test(a_list_of_referrers_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
