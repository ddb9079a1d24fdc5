/* SPDX-License-Identifier: Apache-2.0 */
/* What a release is: its index, manifest and config, and the order of versions. */
#include "release/index.h"
#include "release/chunks.h"
#include "release/release.h"
#include "release/version.h"
#include "tests/unit/unit.h"

#define CELL (256u << 10)

static void make_index(struct index_writer *w)
{
	struct frame data = {.raw_len = CELL, .coded_len = 100},
		     tail = {.raw_len = 5, .coded_len = 9};
	struct frame zeros = {.raw_len = 4ULL * CELL, .coded_len = 80, .zeros = true};
	struct err err;

	data.digest.bytes[0] = tail.digest.bytes[0] = 1;
	assert_works(index_begin(w, CELL, &err));
	assert_works(index_add(w, &data, &err));
	assert_works(index_add(w, &zeros, &err));
	assert_works(index_add(w, &tail, &err));
	index_end(w);
}

static void an_index_comes_back(void **state)
{
	struct frame_index index;
	struct index_writer w;
	struct frame f = {0};
	struct err err;

	(void)state;
	make_index(&w);
	assert_works(index_open(w.bytes.data, w.bytes.len, &index, &err));
	assert_true(index_next(&index, &f) && f.raw_offset == 0 && f.raw_len == CELL && !f.zeros);
	assert_true(index_next(&index, &f) && f.coded_offset == 100 && f.zeros);
	assert_int_equal(f.raw_len, 4 * CELL);
	assert_true(index_next(&index, &f) && f.raw_offset == 5 * CELL && f.raw_len == 5);
	assert_false(index_next(&index, &f));
	buf_free(&w.bytes);
}

/* Each a change of one field: offset, bytes, value. */
static void a_false_index_is_refused(void **state)
{
	static const struct {
		const char *what;
		size_t offset, size;
		uint64_t value;
	} faults[] = {
		{"magic", 0, 1, 'X'},
		{"cell of 3 bytes", 8, 4, 3},
		{"cell of no power of two", 8, 4, 3 << 17},
		{"fewer entries than there are", 12, 4, 2},
		{"2^32-1 entries", 12, 4, UINT32_MAX},
		{"empty image", 16, 8, 0},
		{"image of 2^63", 16, 8, 1ULL << 63},
		{"image longer than the entries", 16, 8, 7 * CELL},
		{"layer longer than the entries", 24, 8, 190},
		{"layer shorter", 24, 8, 188},
		{"entry of no cells", 32, 4, 0},
		{"data of two cells", 32, 4, 2},
		{"entry of no bytes", 36, 4, 0},
		{"entry of 4 GiB", 36, 4, UINT32_MAX},
		{"zeros past the image", 72, 4, 0xffffffff},
		{"zeros with a hash", 80, 1, 1},
	};
	struct frame_index index;
	struct index_writer w;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		make_index(&w);
		memcpy(w.bytes.data + faults[i].offset, &faults[i].value, faults[i].size);
		if (index_open(w.bytes.data, w.bytes.len, &index, &err) == 0)
			fail_msg("%s is taken", faults[i].what);
		assert_int_equal(err.code, OTA_CORRUPT);
		buf_free(&w.bytes);
	}
}

static void a_cut_index_is_refused(void **state)
{
	struct frame_index index;
	struct index_writer w;
	struct err err;

	(void)state;
	make_index(&w);
	for (size_t len = 0; len < w.bytes.len; len++)
		assert_fails(index_open(w.bytes.data, len, &index, &err), OTA_CORRUPT);
	buf_free(&w.bytes);
}

static struct release sound(void)
{
	struct release r = {.version = "1.0~rc1+x",
		.compatible = "acme-1",
		.channel = "stable",
		.epoch = 7,
		.created = 1700000000,
		.expires = NO_TIME,
		.phase = 25,
		.config = {MEDIA_TYPE_CONFIG, .size = 9},
		.n_images = 3,
		.images = {
			{IMAGE_ROOTFS, 1ULL << 40, .layer = {MEDIA_TYPE_IMAGE, .size = 1ULL << 33},
				.index = {MEDIA_TYPE_INDEX, .size = 99}},
			{"boot/Image", 1ULL << 33, .layer = {MEDIA_TYPE_IMAGE, .size = 55},
				.index = {MEDIA_TYPE_INDEX, .size = 66}},
			{"boot/dtbs/acme.dtb", 44, .layer = {MEDIA_TYPE_IMAGE, .size = 77},
				.index = {MEDIA_TYPE_INDEX, .size = 88}}}};

	memset(&r.images[0].layer.digest, 0xab, sizeof(r.images[0].layer.digest));
	return r;
}

static void a_release_comes_back(void **state)
{
	struct release r = sound(), back;
	AUTO_BUF manifest = BUF(8192), config = BUF(8192);
	struct err err;

	(void)state;
	assert_works(release_write_manifest(&r, &manifest, &err));
	assert_works(release_write_config(&r, &config, &err));
	assert_works(release_parse_manifest(manifest.data, manifest.len, &back, &err));
	assert_works(release_parse_config(config.data, config.len, &back, &err));
	assert_int_equal(back.n_images, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(back.images[i].name, r.images[i].name);
		assert_int_equal(back.images[i].raw_bytes, r.images[i].raw_bytes);
		assert_int_equal(back.images[i].layer.size, r.images[i].layer.size);
		assert_int_equal(back.images[i].index.size, r.images[i].index.size);
	}
	assert_true(digest_equal(&back.images[0].layer.digest, &r.images[0].layer.digest));
	assert_string_equal(image_boot_path(&back.images[2]), "dtbs/acme.dtb");
	assert_string_equal(back.version, r.version);
	assert_string_equal(back.channel, r.channel);
	assert_int_equal(back.epoch, 7);
	assert_int_equal(back.phase, 25);
	assert_int_equal(back.created, r.created);
	assert_true(back.expires == NO_TIME);
}

/* Phase and dates are about the rollout; all else is about what gets installed. */
static void the_content_outlives_a_rollout(void **state)
{
	struct release r = sound(), other;
	struct err err;

	(void)state;
	assert_works(release_set_content(&r, &err));
	other = r;
	other.phase = 100;
	other.created++;
	other.expires = 2000000000;
	other.images[0].layer.size++;
	assert_works(release_set_content(&other, &err));
	assert_true(digest_equal(&r.content, &other.content));
	for (int change = 0; change < 6; change++) {
		other = r;
		switch (change) {
		case 0:
			strcpy(other.version, "1.0");
			break;
		case 1:
			other.epoch++;
			break;
		case 2:
			strcpy(other.channel, "beta");
			break;
		case 3:
			other.images[0].raw_digest.bytes[31] ^= 1;
			break;
		case 4:
			other.images[2].raw_digest.bytes[31] ^= 1;
			break;
		case 5:
			other.n_images--;
			break;
		}
		assert_works(release_set_content(&other, &err));
		assert_false(digest_equal(&r.content, &other.content));
	}
}

/* A text with one piece of it replaced. */
static void replaced(const struct buf *text, const char *piece, const char *by, struct buf *out)
{
	const char *found = strstr(text->data, piece);
	struct err err;

	assert_non_null(found);
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
		{"\"schemaVersion\":2", "\"schemaVersion\":\"2\"", OTA_CORRUPT},
		{"\"schemaVersion\":2,", "", OTA_CORRUPT},
		{"\"schemaVersion\":2", "\"schemaVersion\":2,\"schemaVersion\":2", OTA_CORRUPT},
		{"\"schemaVersion\":2", "\"schemaVersion\":2,\"more\":1", OTA_CORRUPT},
		{ARTIFACT_TYPE_OS, "application/vnd.other", OTA_INCOMPATIBLE},
		{MEDIA_TYPE_IMAGE, "application/vnd.other", OTA_INCOMPATIBLE},
		{MEDIA_TYPE_INDEX, MEDIA_TYPE_IMAGE, OTA_CORRUPT},
		{MEDIA_TYPE_CONFIG, "application/vnd.other", OTA_CORRUPT},
		{"\"size\":99", "\"size\":-99", OTA_CORRUPT},
		{"\"size\":99", "\"size\":9223372036854775808", OTA_CORRUPT},
		{"\"size\":99", "\"size\":0", OTA_CORRUPT},
		{"\"size\":99", "\"size\":33554432", OTA_CORRUPT},
		{"\"size\":99", "\"size\":9.5", OTA_CORRUPT},
		{"sha256:abab", "sha256:ABAB", OTA_CORRUPT},
		{"sha256:abab", "sha512:abab", OTA_CORRUPT},
	};
	struct release r = sound();
	AUTO_BUF text = BUF(8192), other = BUF(8192);
	struct err err;

	(void)state;
	assert_works(release_write_manifest(&r, &text, &err));
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		replaced(&text, faults[i].piece, faults[i].by, &other);
		assert_fails(
			release_parse_manifest(other.data, other.len, &r, &err), faults[i].code);
	}
}

static void a_false_config_is_refused(void **state)
{
	static const char *const faults[][2] = {
		{"\"version\":\"1.0~rc1+x\"", "\"version\":\"\""},
		{"\"version\":\"1.0~rc1+x\"", "\"version\":\"a b\""},
		{"\"version\":\"1.0~rc1+x\",", ""},
		{"acme-1", "acme/1"},
		{"stable", "sta\\u0007ble"},
		{"\"epoch\":7", "\"epoch\":-7"},
		{"\"epoch\":7", "\"epoch\":7,\"epoch\":7"},
		{"\"phase\":25", "\"phase\":101"},
		{"2023-11-14T22:13:20Z", "2023-13-14T22:13:20Z"},
		{"\"phase\":25", "\"phase\":25,\"unknown\":1"},
		{"\"phase\":25", "\"phase\":25,\"expires\":\"2023-11-14T22:13:19Z\""},
		{"\"epoch\":7", "\"epoch\":9223372036854775808"},
		{"boot/Image", "boot/"},
		{"boot/Image", "boot/../Image"},
		{"boot/Image", "boot//Image"},
		{"boot/Image", "boot/a\\\\b"},
		{"boot/Image", "boot/C:"},
		{"boot/Image", "boot/.ota-files"},
		{"boot/Image", "boot/dtbs"},
		{"boot/Image", "boot/DTBS/Acme.dtb"},
		{"boot/Image", "boot/dtbs/acme.dtb/x"},
	};
	struct release r = sound();
	AUTO_BUF text = BUF(8192), other = BUF(8192);
	struct err err;

	(void)state;
	assert_works(release_write_config(&r, &text, &err));
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		replaced(&text, faults[i][0], faults[i][1], &other);
		assert_fails(release_parse_config(other.data, other.len, &r, &err), OTA_CORRUPT);
	}
	replaced(&text, "boot/Image", "rootfs", &other);
	assert_fails(release_parse_config(other.data, other.len, &r, &err), OTA_INCOMPATIBLE);
	replaced(&text, "\"rootfs\"", "\"other\"", &other);
	assert_fails(release_parse_config(other.data, other.len, &r, &err), OTA_INCOMPATIBLE);
	r.n_images = 2;
	assert_fails(release_parse_config(text.data, text.len, &r, &err), OTA_CORRUPT);
}

static void layers_for_reuse_are_passed_over(void **state)
{
	struct release r = sound(), back;
	AUTO_BUF text = BUF(8192), other = BUF(8192);
	struct err err;

	(void)state;
	assert_works(release_write_manifest(&r, &text, &err));
	replaced(&text, "\"layers\":[",
		"\"layers\":[{\"mediaType\":\"" MEDIA_TYPE_REUSE_PREFIX "x\",\"digest\":\"sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000\","
		"\"size\":1},",
		&other);
	assert_works(release_parse_manifest(other.data, other.len, &back, &err));
	assert_int_equal(back.images[0].layer.size, r.images[0].layer.size);
}

static void chunks_and_their_data_stand_behind_the_index(void **state)
{
	static const char *const swaps[][2] = {
		{"reuse.chunks.v1+zstd", "reuse.data.v1"},
		{"reuse.data.v1", "reuse.chunks.v1+zstd"},
		{"reuse.data.v1", "reuse.x"},
		{"image.v1+zstd", "reuse.data.v1"},
	};
	struct release r = sound(), back;
	AUTO_BUF text = BUF(8192), other = BUF(8192);
	struct err err;

	(void)state;
	r.images[0].chunks = r.images[0].data = r.images[0].index;
	strcpy(r.images[0].chunks.media_type, MEDIA_TYPE_REUSE_CHUNKS);
	strcpy(r.images[0].data.media_type, MEDIA_TYPE_REUSE_DATA);
	assert_works(release_write_manifest(&r, &text, &err));
	assert_works(release_parse_manifest(text.data, text.len, &back, &err));
	assert_string_equal(back.images[0].chunks.media_type, MEDIA_TYPE_REUSE_CHUNKS);
	assert_string_equal(back.images[0].data.media_type, MEDIA_TYPE_REUSE_DATA);
	assert_int_equal(back.images[1].chunks.size, 0);
	for (size_t i = 0; i < ARRAY_LEN(swaps); i++) {
		replaced(&text, swaps[i][0], swaps[i][1], &other);
		assert_fails(
			release_parse_manifest(other.data, other.len, &back, &err), OTA_CORRUPT);
	}
}

/* From old to new, as the UAPI group's specification has it. */
static void versions_have_their_order(void **state)
{
	static const char *const rising[] = {"~", "", "1~rc1", "1", "1-2", "1^", "1^1", "1.0",
		"1.0.1", "1.2", "1.10", "2", "10"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rising); i++)
		for (size_t j = 0; j < ARRAY_LEN(rising); j++) {
			int c = version_compare(rising[i], rising[j]);
			if ((c > 0) - (c < 0) != (i > j) - (i < j))
				fail_msg("'%s' against '%s'", rising[i], rising[j]);
		}
	assert_int_equal(version_compare("1.001", "1.1"), 0);
	assert_true(version_compare("123456789012345678901", "123456789012345678902") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_comes_back),
		cmocka_unit_test(a_false_index_is_refused),
		cmocka_unit_test(a_cut_index_is_refused),
		cmocka_unit_test(a_release_comes_back),
		cmocka_unit_test(the_content_outlives_a_rollout),
		cmocka_unit_test(a_false_manifest_is_refused),
		cmocka_unit_test(a_false_config_is_refused),
		cmocka_unit_test(layers_for_reuse_are_passed_over),
		cmocka_unit_test(chunks_and_their_data_stand_behind_the_index),
		cmocka_unit_test(versions_have_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
