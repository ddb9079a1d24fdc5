/* SPDX-License-Identifier: Apache-2.0 */
/* What a delta says of itself, and how lists of referrers show it. */
#include "io/referrers.h"
#include "release/delta_artifact.h"
#include "tests/unit/unit.h"

static struct delta_artifact sound(void)
{
	struct delta_artifact a = {.subject = {MEDIA_TYPE_MANIFEST, .size = 573},
		.config = {MEDIA_TYPE_DELTA_CONFIG, .size = 321},
		.blob = {ARTIFACT_TYPE_DELTA, .size = 1ULL << 33},
		.base_version = "1.0~rc1+x",
		.base_bytes = 1ULL << 40};

	memset(&a.subject.digest, 0xa1, sizeof(a.subject.digest));
	memset(&a.layer, 0xb2, sizeof(a.layer));
	memset(&a.base_content, 0xc3, sizeof(a.base_content));
	memset(&a.base_digest, 0xd4, sizeof(a.base_digest));
	return a;
}

static void a_delta_comes_back(void **state)
{
	struct delta_artifact a = sound(), back;
	AUTO_BUF manifest = BUF(8192), config = BUF(8192);
	struct err err;

	(void)state;
	assert_works(delta_artifact_write_manifest(&a, &manifest, &err));
	assert_works(delta_artifact_write_config(&a, &config, &err));
	assert_works(delta_artifact_parse_manifest(manifest.data, manifest.len, &back, &err));
	assert_works(delta_artifact_parse_config(config.data, config.len, &back, &err));
	assert_true(digest_equal(&back.subject.digest, &a.subject.digest));
	assert_int_equal(back.subject.size, 573);
	assert_int_equal(back.config.size, 321);
	assert_true(back.blob.size == a.blob.size && back.base_bytes == a.base_bytes);
	assert_string_equal(back.base_version, a.base_version);
	assert_true(digest_equal(&back.layer, &a.layer));
	assert_true(digest_equal(&back.base_content, &a.base_content));
	assert_true(digest_equal(&back.base_digest, &a.base_digest));
}

/* A text with one piece of it replaced. */
static void replaced(const struct buf *text, const char *piece, const char *by, struct buf *out)
{
	const char *found = strstr(text->data, piece);
	struct err err;

	if (!found)
		fail_msg("there is no %s", piece);
	out->len = 0;
	assert_works(buf_printf(out, &err, "%.*s%s%s", (int)(found - text->data), text->data, by,
		found + strlen(piece)));
}

static void a_false_manifest_is_refused(void **state)
{
	static const struct {
		const char *piece, *by;
		enum ota_code code;
	} faults[] = {
		{"\"schemaVersion\":2", "\"schemaVersion\":1", OTA_CORRUPT},
		{"\"schemaVersion\":2,", "", OTA_CORRUPT},
		{"\"schemaVersion\":2", "\"schemaVersion\":2,\"schemaVersion\":2", OTA_CORRUPT},
		{"\"schemaVersion\":2", "\"schemaVersion\":2,\"more\":1", OTA_CORRUPT},
		{MEDIA_TYPE_MANIFEST, "application/x", OTA_CORRUPT},
		{"\"artifactType\":\"" ARTIFACT_TYPE_DELTA, "\"artifactType\":\"a/b",
			OTA_INCOMPATIBLE},
		{MEDIA_TYPE_DELTA_CONFIG, "application/x", OTA_CORRUPT},
		{"[{\"mediaType\":\"" ARTIFACT_TYPE_DELTA, "[{\"mediaType\":\"a/b",
			OTA_INCOMPATIBLE},
		{"\"layers\":[{", "\"layers\":[],\"x\":[{", OTA_CORRUPT},
		{"\"size\":8589934592", "\"size\":0", OTA_CORRUPT},
		{"\"size\":8589934592", "\"size\":-1", OTA_CORRUPT},
		{"\"size\":8589934592", "\"size\":9223372036854775808", OTA_CORRUPT},
		{"\"size\":8589934592}", "\"size\":8589934592,\"urls\":[]}", OTA_CORRUPT},
		{"}],\"subject\"", "},{}],\"subject\"", OTA_CORRUPT},
		{"\"subject\":{\"mediaType\":\"" MEDIA_TYPE_MANIFEST,
			"\"subject\":{\"mediaType\":\"a/b", OTA_CORRUPT},
		{"\"subject\":", "\"object\":", OTA_CORRUPT},
		{"sha256:a1a1", "sha256:A1A1", OTA_CORRUPT},
		{"sha256:c3c3", "sha256:c3", OTA_CORRUPT},
		{"sha256:c3c3", "sha512:c3c3", OTA_CORRUPT},
		{ANNOTATION_DELTA_BASE, "dev.ota.delta.other", OTA_CORRUPT},
		{"\"annotations\":{", "\"annotations\":{\"x\":\"y\",", OTA_CORRUPT},
		{",\"annotations\":", ",\"notes\":", OTA_CORRUPT},
	};
	struct delta_artifact a = sound();
	AUTO_BUF text = BUF(8192), other = BUF(8192);
	struct err err;

	(void)state;
	assert_works(delta_artifact_write_manifest(&a, &text, &err));
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		replaced(&text, faults[i].piece, faults[i].by, &other);
		assert_fails(delta_artifact_parse_manifest(other.data, other.len, &a, &err),
			faults[i].code);
	}
}

static void a_false_config_is_refused(void **state)
{
	static const struct {
		const char *piece, *by;
		enum ota_code code;
	} faults[] = {
		{"\"image\":\"rootfs\"", "\"image\":\"boot/Image\"", OTA_INCOMPATIBLE},
		{"\"image\":\"rootfs\",", "", OTA_CORRUPT},
		{"\"image\":\"rootfs\"", "\"image\":\"rootfs\",\"image\":\"rootfs\"", OTA_CORRUPT},
		{"\"image\":\"rootfs\"", "\"image\":\"rootfs\",\"more\":1", OTA_CORRUPT},
		{"\"layer\":\"sha256:b2", "\"layer\":\"sha256:B2", OTA_CORRUPT},
		{"\"layer\":\"sha256:b2", "\"layer\":\"sha256:", OTA_CORRUPT},
		{"1.0~rc1+x", "", OTA_CORRUPT},
		{"1.0~rc1+x", "a b", OTA_CORRUPT},
		{"\"content\":\"sha256:c3", "\"content\":\"sha256:c4", OTA_CORRUPT},
		{"\"content\":\"sha256:c3", "\"content\":\"c3", OTA_CORRUPT},
		{"\"size\":1099511627776", "\"size\":0", OTA_CORRUPT},
		{"\"size\":1099511627776", "\"size\":-7", OTA_CORRUPT},
		{"\"size\":1099511627776,", "", OTA_CORRUPT},
		{"\"sha256\":\"d4", "\"sha256\":\"", OTA_CORRUPT},
		{"\"base\":{", "\"base\":{\"more\":1,", OTA_CORRUPT},
	};
	struct delta_artifact a = sound();
	AUTO_BUF text = BUF(8192), other = BUF(8192);
	struct err err;

	(void)state;
	assert_works(delta_artifact_write_config(&a, &text, &err));
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		replaced(&text, faults[i].piece, faults[i].by, &other);
		assert_fails(delta_artifact_parse_config(other.data, other.len, &a, &err),
			faults[i].code);
	}
}

static void it_makes_one_release_alone(void **state)
{
	struct delta_artifact a = sound();
	struct descriptor target = a.subject;
	struct release r = {.n_images = 1};
	struct err err;

	(void)state;
	r.images[0].layer.digest = a.layer;
	assert_works(delta_artifact_check_target(&a, &target, &r, &err));
	r.images[0].layer.digest.bytes[0] ^= 1;
	assert_fails(delta_artifact_check_target(&a, &target, &r, &err), OTA_CORRUPT);
	r.images[0].layer.digest = a.layer;
	target.size++;
	assert_fails(delta_artifact_check_target(&a, &target, &r, &err), OTA_CORRUPT);
	target = a.subject;
	target.digest.bytes[31] ^= 1;
	assert_fails(delta_artifact_check_target(&a, &target, &r, &err), OTA_CORRUPT);
}

static void a_list_tells_the_base(void **state)
{
	struct descriptor d = {.media_type = MEDIA_TYPE_MANIFEST, .size = 7};
	struct digest base = sound().base_content;
	AUTO_BUF text = BUF(8192), other = BUF(8192);
	struct referrers list;
	struct err err;
	bool had;

	(void)state;
	assert_works(referrers_add(NULL, 0, &d, ARTIFACT_TYPE_DELTA, &base, &text, &had, &err));
	assert_works(referrers_read(text.data, text.len, NULL, &list, &err));
	assert_int_equal(list.n, 1);
	assert_true(list.has_base[0] && digest_equal(&list.base[0], &base));
	replaced(&text, "\"artifactType\":\"" ARTIFACT_TYPE_DELTA "\",", "", &other);
	assert_works(referrers_read(other.data, other.len, ARTIFACT_TYPE_DELTA, &list, &err));
	assert_int_equal(list.n, 1);
	replaced(&text, "sha256:c3c3", "sha256:C3C3", &other);
	assert_works(referrers_read(other.data, other.len, ARTIFACT_TYPE_DELTA, &list, &err));
	assert_true(list.n == 1 && !list.has_base[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delta_comes_back),
		cmocka_unit_test(a_false_manifest_is_refused),
		cmocka_unit_test(a_false_config_is_refused),
		cmocka_unit_test(it_makes_one_release_alone),
		cmocka_unit_test(a_list_tells_the_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
