/* SPDX-License-Identifier: Apache-2.0 */
/* What bytes flow through: JSON, zstd, digests, layouts, the forms of a source. */
#include <sys/stat.h>

#include "base/file.h"
#include "io/layout.h"
#include "io/referrers.h"
#include "io/source.h"
#include "io/zstd.h"
#include "tests/unit/unit.h"

struct fields {
	char text[8];
	uint64_t number;
	bool flag;
};

static int read_json(const char *text, bool open, struct fields *f, struct err *err)
{
	const struct json_field fields[] = {
		{.name = "text", .kind = JSON_KIND_STRING, .out = f->text, .size = sizeof(f->text)},
		{.name = "number", .kind = JSON_KIND_UINT, .out = &f->number},
		{.name = "flag", .kind = JSON_KIND_BOOL, .out = &f->flag, .optional = true},
	};
	AUTO_JSON *root = json_parse(text, strlen(text), "test", err);

	if (!root)
		return -1;
	return open ? json_read_open(root, fields, 3, "test", err)
		    : json_read(root, fields, 3, "test", err);
}

static void sound_json_is_read(void **state)
{
	struct fields f = {0};
	struct err err;

	(void)state;
	assert_works(
		read_json("{\"text\":\"hello\",\"number\":9223372036854775807}", false, &f, &err));
	assert_string_equal(f.text, "hello");
	assert_int_equal(f.number, INT64_MAX);
	assert_works(read_json("{\"text\":\"\",\"number\":0,\"more\":[]}", true, &f, &err));
}

static void false_json_is_refused(void **state)
{
	static const char *const texts[] = {"", "[]", "{", "{\"text\":\"a\",\"number\":1}x",
		"{\"text\":\"a\"}", "{\"text\":\"a\",\"number\":1,\"more\":1}",
		"{\"text\":\"a\",\"text\":\"a\",\"number\":1}", "{\"text\":1,\"number\":1}",
		"{\"text\":\"a\",\"number\":\"1\"}", "{\"text\":\"a\",\"number\":1.0}",
		"{\"text\":\"a\",\"number\":-1}", "{\"text\":\"a\",\"number\":null}",
		"{\"text\":\"a\",\"number\":9223372036854775808}",
		"{\"text\":\"12345678\",\"number\":1}", "{\"text\":\"a\\u0000\",\"number\":1}",
		"{\"text\":\"a\\n\",\"number\":1}", "{\"text\":\"\xff\",\"number\":1}",
		"{\"text\":\"a\",\"number\":1,\"flag\":1}",
		"{\"text\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]],\"number\":1}"};
	struct fields f;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_fails(read_json(texts[i], false, &f, &err), OTA_CORRUPT);
}

static void json_is_bounded_before_it_is_parsed(void **state)
{
	AUTO_FREE char *text = malloc(JSON_MAX_BYTES + 2);
	struct err err;

	(void)state;
	memset(text, ' ', JSON_MAX_BYTES + 1);
	memcpy(text, "{}", 2);
	assert_null(json_parse(text, JSON_MAX_BYTES + 1, "long", &err));
	assert_int_equal(err.code, OTA_CORRUPT);
	for (size_t i = 0; i < JSON_MAX_VALUES + 1; i++)
		memcpy(text + 2 * i, "{}", 2);
	assert_null(json_parse(text, 2 * JSON_MAX_VALUES + 2, "many", &err));
	assert_non_null(strstr(err.msg, "values"));
}

static void a_frame_comes_back(void **state)
{
	char raw[5000], coded[6000], back[5000];
	size_t coded_len, used;
	struct err err;
	struct zstd_encoder *e = zstd_encoder_new(3, &err);
	struct zstd_decoder *d = zstd_decoder_new(&err);

	(void)state;
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (char)(i * i / 7);
	assert_works(zstd_encode(e, raw, sizeof(raw), coded, &coded_len, &err));
	assert_works(zstd_decode(d, coded, coded_len, back, sizeof(back), &used, &err));
	assert_int_equal(used, coded_len);
	assert_memory_equal(raw, back, sizeof(raw));
	for (size_t len = 0; len < coded_len; len += 37)
		assert_fails(
			zstd_decode(d, coded, len, back, sizeof(back), &used, &err), OTA_CORRUPT);
	assert_fails(
		zstd_decode(d, coded, coded_len, back, sizeof(back) - 1, &used, &err), OTA_CORRUPT);
	zstd_encoder_free(e);
	zstd_decoder_free(d);
}

static void hostile_frames_are_refused(void **state)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
	} frames[] = {
		{"no content size",
			"\x28\xb5\x2f\xfd\x00\x48\x21\x00\x00"
			"abcd",
			13},
		{"a window of 3.75 TiB",
			"\x28\xb5\x2f\xfd\x80\xff\x04\x00\x00\x00\x21\x00\x00"
			"abcd",
			17},
		{"expands to 128 KiB", "\x28\xb5\x2f\xfd\xa0\x04\x00\x00\x00\x03\x00\x10x", 13},
		{"claims 4 GiB",
			"\x28\xb5\x2f\xfd\xa0\xff\xff\xff\xff\x21\x00\x00"
			"abcd",
			16},
		{"skippable",
			"\x50\x2a\x4d\x18\x04\x00\x00\x00"
			"abcd",
			12},
	};
	char raw[4];
	struct err err;
	struct zstd_decoder *d = zstd_decoder_new(&err);
	size_t used;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		if (zstd_decode(d, frames[i].bytes, frames[i].len, raw, 4, &used, &err) == 0)
			fail_msg("%s is taken", frames[i].what);
		assert_int_equal(err.code, OTA_CORRUPT);
	}
	zstd_decoder_free(d);
}

static void digests_have_one_form(void **state)
{
	static const char *const wrong[] = {"", "sha256:", "sha512:ab",
		"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550"};
	char text[DIGEST_TEXT_LEN];
	struct digest d, back;
	struct err err;

	(void)state;
	assert_works(digest_of("", 0, &d, &err));
	digest_text(&d, text);
	assert_string_equal(
		text, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_works(digest_parse(text, &back, &err));
	assert_true(digest_equal(&d, &back));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(digest_parse(wrong[i], &d, &err), OTA_CORRUPT);
}

static void tags_come_and_go(void **state)
{
	struct descriptor d = {.media_type = MEDIA_TYPE_MANIFEST}, found;
	const char *dir = *state;
	struct err err;

	assert_works(layout_create(dir, &err));
	assert_works(layout_blob_put(dir, "{}", 2, &d, &err));
	assert_fails(layout_tag_get(dir, "x", &found, &err), OTA_REFUSED);
	assert_works(layout_tag_set(dir, "x", &d, &err));
	assert_works(layout_tag_set(dir, "x", &d, &err));
	assert_works(layout_tag_get(dir, "x", &found, &err));
	assert_true(digest_equal(&d.digest, &found.digest) && found.size == 2);
	assert_works(layout_tag_remove(dir, "x", &err));
	assert_works(layout_tag_remove(dir, "x", &err));
	assert_fails(layout_tag_get(dir, "x", &found, &err), OTA_REFUSED);
}

/* An index that the next reader would refuse: by its size, and by how many values it has. */
static void an_index_stays_readable(void **state)
{
	struct descriptor d = {.media_type = MEDIA_TYPE_MANIFEST}, found;
	AUTO_BUF large = BUF(JSON_MAX_BYTES);
	AUTO_BUF many = BUF(JSON_MAX_BYTES);
	const struct buf *const full[] = {&large, &many};
	struct err err;

	assert_works(layout_create(*state, &err));
	assert_works(layout_blob_put(*state, "{}", 2, &d, &err));
	assert_works(buf_printf(
		&large, &err, "{\"manifests\":[],\"a\":\"%*s\"}", JSON_MAX_BYTES - 100, ""));
	assert_works(buf_printf(&many, &err, "{\"manifests\":[],\"a\":[0"));
	for (int i = 0; i < JSON_MAX_VALUES - 10; i++)
		assert_works(buf_add(&many, ",0", 2, &err));
	assert_works(buf_add(&many, "]}", 2, &err));
	for (size_t i = 0; i < ARRAY_LEN(full); i++) {
		assert_works(file_publish(
			at(state, "index.json"), full[i]->data, full[i]->len, 0644, &err));
		assert_fails(layout_tag_get(*state, "x", &found, &err), OTA_REFUSED);
		assert_fails(layout_tag_set(*state, "x", &d, &err), OTA_SPACE);
		assert_non_null(strstr(err.hint, "ota container rm"));
		assert_fails(layout_tag_get(*state, "x", &found, &err), OTA_REFUSED);
	}
}

static void what_others_wrote_is_kept(void **state)
{
	static const char index[] =
		"{\"schemaVersion\":2,\"other\":{\"a\":[1]},\"manifests\":[{\"mediaType\":\"m\","
		"\"digest\":\"sha256:"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":1,"
		"\"platform\":{\"os\":\"linux\"}}]}";
	struct descriptor d = {.media_type = MEDIA_TYPE_MANIFEST};
	AUTO_BUF text = BUF(4096);
	struct err err;

	assert_works(layout_create(*state, &err));
	assert_works(file_publish(at(state, "index.json"), index, strlen(index), 0644, &err));
	assert_works(layout_blob_put(*state, "{}", 2, &d, &err));
	assert_works(layout_tag_set(*state, "x", &d, &err));
	assert_works(file_read(at(state, "index.json"), &text, &err));
	assert_non_null(strstr(text.data, "\"other\":{\"a\":[1]}"));
	assert_non_null(strstr(text.data, "\"platform\":{\"os\":\"linux\"}"));
}

static void only_what_is_named_survives(void **state)
{
	static const char manifest[] = "{\"config\":{\"mediaType\":\"c\",\"digest\":\"%s\","
				       "\"size\":1},\"layers\":[]}";
	struct descriptor config = {0}, loose = {0}, d = {.media_type = MEDIA_TYPE_MANIFEST};
	char text[256], digest[DIGEST_TEXT_LEN];
	struct err err;

	assert_works(layout_create(*state, &err));
	assert_works(layout_blob_put(*state, "c", 1, &config, &err));
	assert_works(layout_blob_put(*state, "loose", 5, &loose, &err));
	digest_text(&config.digest, digest);
	snprintf(text, sizeof(text), manifest, digest);
	assert_works(layout_blob_put(*state, text, strlen(text), &d, &err));
	assert_works(layout_tag_set(*state, "x", &d, &err));
	assert_works(layout_gc(*state, NULL, 0, &err));
	assert_true(layout_blob_exists(*state, &config) && layout_blob_exists(*state, &d));
	assert_false(layout_blob_exists(*state, &loose));
}

static void what_a_list_names_survives(void **state)
{
	static const char manifest[] = "{\"config\":{\"mediaType\":\"c\",\"digest\":\"%s\","
				       "\"size\":1},\"layers\":[]}";
	struct descriptor config = {0}, list = {.media_type = MEDIA_TYPE_IMAGE_INDEX},
			  d = {.media_type = MEDIA_TYPE_MANIFEST};
	char text[256], digest[DIGEST_TEXT_LEN];
	AUTO_BUF index = BUF(4096);
	struct err err;
	bool had;

	assert_works(layout_create(*state, &err));
	assert_works(layout_blob_put(*state, "c", 1, &config, &err));
	digest_text(&config.digest, digest);
	snprintf(text, sizeof(text), manifest, digest);
	assert_works(layout_blob_put(*state, text, strlen(text), &d, &err));
	assert_works(referrers_add(NULL, 0, &d, "x", NULL, &index, &had, &err));
	assert_works(layout_blob_put(*state, index.data, index.len, &list, &err));
	assert_works(layout_tag_set(*state, "sha256-00", &list, &err));
	assert_works(layout_gc(*state, NULL, 0, &err));
	assert_true(layout_blob_exists(*state, &list) && layout_blob_exists(*state, &d));
	assert_true(layout_blob_exists(*state, &config));
}

static void a_blob_is_a_file_of_its_size(void **state)
{
	struct descriptor d = {0};
	char path[PATH_MAX];
	struct err err;

	assert_works(layout_create(*state, &err));
	assert_works(layout_blob_put(*state, "abc", 3, &d, &err));
	assert_works(layout_blob_path(*state, &d.digest, path, &err));
	assert_int_equal(truncate(path, 2), 0);
	assert_fails(layout_blob_open(*state, &d, &err), OTA_CORRUPT);
	assert_int_equal(unlink(path), 0);
	assert_fails(layout_blob_open(*state, &d, &err), OTA_CORRUPT);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_fails(layout_blob_open(*state, &d, &err), OTA_CORRUPT);
}

static void layouts_are_split(void **state)
{
	static const char *const forms[][3] = {{"a/b", "a/b", "latest"}, {"oci:a:1.0", "a", "1.0"},
		{"oci:/x/y", "/x/y", "latest"}};
	static const char *const wrong[] = {"", "oci:", "a:", "a:-x", "oci::x"};
	char dir[PATH_MAX], tag[TAG_LEN];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		assert_works(layout_split(forms[i][0], dir, tag, &err));
		assert_string_equal(dir, forms[i][1]);
		assert_string_equal(tag, forms[i][2]);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(layout_split(wrong[i], dir, tag, &err), OTA_USAGE);
}

static void sources_have_their_forms(void **state)
{
	static const struct {
		const char *text;
		enum ota_code code;
	} forms[] = {{"oci:/x", OTA_OK}, {"https://h/x#1.0", OTA_OK}, {"https://h", OTA_OK},
		{"http://named/x", OTA_OK}, {"http://named:81/x", OTA_OK},
		{"http://port:81/x", OTA_OK}, {"http://port/x", OTA_CONFIG},
		{"http://other/x", OTA_CONFIG}, {"http://namedother/x", OTA_CONFIG},
		{"http://u@named/x", OTA_USAGE}, {"http://named@other/x", OTA_USAGE},
		{"https://u:p@h/x", OTA_USAGE}, {"https://u@h", OTA_USAGE},
		{"https://h/a@b", OTA_OK}, {"https://h/x#a b", OTA_USAGE}, {"ftp://h/x", OTA_USAGE},
		{"docker://h/x", OTA_OK}, {"docker://h", OTA_USAGE}, {"", OTA_USAGE}};
	static char *const insecure[] = {"named", "port:81"};
	const struct source_options options = {
		.http = {.insecure_http = insecure, .n_insecure_http = 2}};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		err.code = OTA_OK;
		AUTO_SOURCE *s = source_open(forms[i].text, &options, &err);
		if (err.code != forms[i].code)
			fail_msg("%s: %s", forms[i].text, err.msg);
		assert_int_equal(s != NULL, forms[i].code == OTA_OK);
	}
}

static void a_password_is_not_repeated(void **state)
{
	static const char *const texts[] = {"https://u:secret@h/x", "http://u:secret@named/x"};
	const struct source_options options = {0};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		err = (struct err){0};
		assert_null(source_open(texts[i], &options, &err));
		assert_null(strstr(err.msg, "secret"));
		assert_null(strstr(err.hint, "secret"));
		assert_non_null(strstr(err.hint, "auth-file"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_json_is_read),
		cmocka_unit_test(false_json_is_refused),
		cmocka_unit_test(json_is_bounded_before_it_is_parsed),
		cmocka_unit_test(a_frame_comes_back),
		cmocka_unit_test(hostile_frames_are_refused),
		cmocka_unit_test(digests_have_one_form),
		in_scratch(tags_come_and_go),
		in_scratch(an_index_stays_readable),
		in_scratch(what_others_wrote_is_kept),
		in_scratch(only_what_is_named_survives),
		in_scratch(what_a_list_names_survives),
		in_scratch(a_blob_is_a_file_of_its_size),
		cmocka_unit_test(layouts_are_split),
		cmocka_unit_test(sources_have_their_forms),
		cmocka_unit_test(a_password_is_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
