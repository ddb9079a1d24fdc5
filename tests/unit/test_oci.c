/* SPDX-License-Identifier: Apache-2.0 */
/* What an image says of itself, and taking the coding off its layers. */
#include <pthread.h>
#include <zlib.h>

#include "base/pipe.h"
#include "io/coding.h"
#include "io/zstd.h"
#include "oci/image.h"
#include "tests/unit/unit.h"

#define HEX(c) c c c c c c c c c c c c c c c c
#define DIGEST(c) "sha256:" HEX(c) HEX(c) HEX(c) HEX(c)
#define BLOB(type, c) "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST(c) "\",\"size\":9}"
#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."
#define CONFIG "{\"mediaType\":\"" OCI "config.v1+json\",\"digest\":\"" DIGEST("c") "\",\"size\":9}"
#define MANIFEST(layers) "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" layers "]}"

static struct oci_image image;

static int parse(const char *text, struct err *err)
{
	return oci_image_parse_manifest(text, strlen(text), &image, err);
}

static int parse_config(const char *text, struct err *err)
{
	return oci_image_parse_config(text, strlen(text), &image, err);
}

static void manifests_of_both_kinds(void **state)
{
	struct err err;

	(void)state;
	assert_works(parse(MANIFEST(BLOB(OCI "layer.v1.tar", "1") "," BLOB(OCI "layer.v1.tar+gzip",
				   "2") "," BLOB(OCI "layer.v1.tar+zstd", "3")),
		&err));
	assert_int_equal(image.n_layers, 3);
	assert_int_equal(image.layers[0].coding, CODING_PLAIN);
	assert_int_equal(image.layers[1].coding, CODING_GZIP);
	assert_int_equal(image.layers[2].coding, CODING_ZSTD);
	assert_works(parse(
		"{\"config\":{\"mediaType\":\"" DOCKER
		"container.image.v1+json\",\"digest\":\"" DIGEST(
			"c") "\",\"size\":9},\"layers\":[" BLOB(DOCKER "image.rootfs.diff.tar.gzip",
			"1") "],\"more\":1}",
		&err));
	assert_int_equal(image.layers[0].coding, CODING_GZIP);
}

static void what_is_no_image(void **state)
{
	static const struct {
		const char *text;
		enum ota_code code;
	} cases[] = {{"", OTA_CORRUPT}, {"[]", OTA_CORRUPT}, {"{}", OTA_CORRUPT},
		{MANIFEST(""), OTA_CORRUPT},
		{MANIFEST(BLOB(OCI "layer.v1.tar+brotli", "1")), OTA_INCOMPATIBLE},
		{MANIFEST(BLOB(OCI "layer.nondistributable.v1.tar", "1")), OTA_INCOMPATIBLE},
		{MANIFEST("{\"mediaType\":\"" OCI
			  "layer.v1.tar\",\"digest\":\"" DIGEST("1") "\",\"size\":0}"),
			OTA_CORRUPT},
		{MANIFEST("{\"mediaType\":\"" OCI
			  "layer.v1.tar\",\"digest\":\"sha256:1\",\"size\":1}"),
			OTA_CORRUPT},
		{"{\"config\":{\"mediaType\":\"application/vnd.ota.os.config.v1+json\","
		 "\"digest\":\"" DIGEST("c") "\",\"size\":9},\"layers\":[]}",
			OTA_INCOMPATIBLE}};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_fails(parse(cases[i].text, &err), cases[i].code);
		assert_int_equal(oci_image_is(cases[i].text, strlen(cases[i].text)),
			strstr(cases[i].text, "image.config") != NULL);
	}
}

static void more_layers_than_are_allowed(void **state)
{
	static char text[64 << 10] = "{\"config\":" CONFIG ",\"layers\":[";
	struct err err;

	(void)state;
	for (int i = 0; i <= OCI_LAYERS_MAX; i++) {
		if (i)
			strcat(text, ",");
		strcat(text, BLOB(OCI "layer.v1.tar", "1"));
	}
	strcat(text, "]}");
	assert_fails(parse(text, &err), OTA_CORRUPT);
	assert_non_null(strstr(err.msg, "128"));
}

/* The chainID of two layers is the specification's: sha256("A B"). */
static void a_config_must_fit(void **state)
{
	static const char *const wrong[] = {"{}", "{\"os\":\"linux\",\"architecture\":\"amd64\"}",
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"" DIGEST(
			"1") "\"]}}",
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"" DIGEST(
			"1") "\",1]}}",
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"" DIGEST(
			"1") "\",\"sha512:1\"]}}"};
	struct digest chain;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_works(parse(
			MANIFEST(BLOB(OCI "layer.v1.tar", "1") "," BLOB(OCI "layer.v1.tar", "2")),
			&err));
		assert_fails(parse_config(wrong[i], &err), OTA_CORRUPT);
	}
	assert_works(parse(
		MANIFEST(BLOB(OCI "layer.v1.tar", "1") "," BLOB(OCI "layer.v1.tar", "2")), &err));
	assert_works(parse_config("{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\","
				  "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST(
					  "a") "\",\"" DIGEST("b") "\"]}}",
		&err));
	assert_works(digest_of(DIGEST("a") " " DIGEST("b"), 2 * 71 + 1, &chain, &err));
	assert_true(digest_equal(&image.layers[1].chain_id, &chain));
	assert_true(digest_equal(&image.layers[0].chain_id, &image.layers[0].diff_id));
	assert_string_equal(image.architecture, "arm64");
}

/* --- codings --- */

enum { RAW = 700000 };
static uint8_t raw[RAW], coded[RAW + 4096];

struct got {
	size_t len;
	uint8_t data[2 * RAW];
};
static struct got got;

static int put(void *ctx, const void *data, size_t len, struct err *err)
{
	(void)ctx, (void)err;
	assert_true(got.len + len <= sizeof(got.data));
	memcpy(got.data + got.len, data, len);
	got.len += len;
	return 0;
}

static int decode(enum coding coding, size_t len, size_t step, struct err *err)
{
	const struct sink sink = {put, NULL};
	AUTO_CODING *d = coding_decoder_new(coding, err);

	got.len = 0;
	assert_non_null(d);
	for (size_t at = 0; at < len; at += step)
		if (coding_decode(d, coded + at, len - at < step ? len - at : step, &sink, err) < 0)
			return -1;
	/* that nothing came is nothing new */
	if (coding_decode(d, coded, 0, &sink, err) < 0)
		return -1;
	return coding_end(d, err);
}

static size_t gzip(size_t from, size_t len, uint8_t *out)
{
	z_stream z = {.next_in = raw + from,
		.avail_in = (uInt)len,
		.next_out = out,
		.avail_out = (uInt)(coded + sizeof(coded) - out)};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t n = z.total_out;
	deflateEnd(&z);
	return n;
}

static size_t zstd(size_t from, size_t len, uint8_t *out)
{
	struct err err;
	struct zstd_encoder *e = zstd_encoder_new(3, &err);
	size_t n;

	assert_works(zstd_encode(e, raw + from, len, out, &n, &err));
	zstd_encoder_free(e);
	return n;
}

/* Two members or frames, one behind the other, in pieces of any size; and all that is cut. */
static void codings_come_off(void **state)
{
	static size_t (*const encode[])(size_t, size_t, uint8_t *) = {
		[CODING_GZIP] = gzip, [CODING_ZSTD] = zstd};
	struct err err;

	(void)state;
	for (size_t i = 0; i < RAW; i++)
		raw[i] = (uint8_t)(i % 251 * (i / 4096));
	for (enum coding c = CODING_GZIP; c <= CODING_ZSTD; c++) {
		size_t first = encode[c](0, RAW / 2, coded);
		size_t len = first + encode[c](RAW / 2, RAW - RAW / 2, coded + first);
		for (size_t step = 1; step <= len; step = step * 7 + 1) {
			assert_works(decode(c, len, step, &err));
			assert_int_equal(got.len, RAW);
			assert_memory_equal(got.data, raw, RAW);
		}
		assert_works(decode(c, first, 4096, &err));
		for (size_t cut = 0; cut < len; cut += cut == first ? 1 : len / 50 + 1)
			if (cut != first)
				assert_fails(decode(c, cut, 4096, &err), OTA_CORRUPT);
		coded[len] = 'x'; /* what is no member behind it */
		assert_fails(decode(c, len + 1, len + 1, &err), OTA_CORRUPT);
		coded[len / 2] ^= 0xff;
		int rc = decode(c, len, 4096, &err);
		assert_true(rc < 0 || memcmp(got.data, raw, RAW) != 0);
	}
	assert_works(decode(CODING_PLAIN, 1000, 7, &err));
	assert_memory_equal(got.data, coded, 1000);
}

/* What comes off ends just where the decoder's own buffer does, for each of some frames in a row.
 */
static void frames_that_fill_the_buffer(void **state)
{
	static size_t (*const encode[])(size_t, size_t, uint8_t *) = {
		[CODING_GZIP] = gzip, [CODING_ZSTD] = zstd};
	enum { BUFFER = 128 << 10 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < RAW; i++)
		raw[i] = (uint8_t)(i % 251 * (i / 4096));
	for (enum coding c = CODING_GZIP; c <= CODING_ZSTD; c++)
		for (size_t bytes = BUFFER; bytes <= 2 * BUFFER; bytes += BUFFER)
			for (size_t at = 0, len = 0; at + bytes <= RAW;) {
				len += encode[c](at, bytes, coded + len);
				at += bytes;
				for (size_t step = len; step > 0; step /= 9) {
					assert_works(decode(c, len, step, &err));
					assert_int_equal(got.len, at);
					assert_memory_equal(got.data, raw, at);
				}
				assert_fails(decode(c, len - 1, len, &err), OTA_CORRUPT);
			}
}

/* --- the pipe --- */

static void *write_all(void *arg)
{
	struct pipe *p = arg;
	struct err err;

	for (size_t at = 0, n = 1; at < RAW; at += n, n = n * 3 % 5000 + 1) {
		n = n < RAW - at ? n : RAW - at;
		if (pipe_write(p, raw + at, n, &err) < 0)
			return NULL;
	}
	pipe_end(p);
	return NULL;
}

static void a_pipe_keeps_the_order(void **state)
{
	struct err err;
	AUTO_PIPE *p = pipe_new(1000, &err);
	const void *data;
	pthread_t writer;
	size_t at = 0, len;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, write_all, p), 0);
	do {
		assert_works(pipe_read(p, &data, &len, &err));
		assert_memory_equal(data, raw + at, len);
		at += len;
	} while (len > 0);
	assert_int_equal(at, RAW);
	pthread_join(writer, NULL);
}

static void a_pipe_tells_the_first_error(void **state)
{
	const struct err first = {OTA_SPACE, "full", ""}, second = {OTA_IO, "late", ""};
	struct err err;
	AUTO_PIPE *p = pipe_new(1000, &err);
	const void *data;
	pthread_t writer;
	size_t len;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, write_all, p), 0);
	pipe_fail(p, &first); /* the writer, who waits for room, ends */
	pthread_join(writer, NULL);
	pipe_fail(p, &second);
	assert_fails(pipe_read(p, &data, &len, &err), OTA_SPACE);
	assert_fails(pipe_write(p, "x", 1, &err), OTA_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifests_of_both_kinds),
		cmocka_unit_test(what_is_no_image),
		cmocka_unit_test(more_layers_than_are_allowed),
		cmocka_unit_test(a_config_must_fit),
		cmocka_unit_test(codings_come_off),
		cmocka_unit_test(frames_that_fill_the_buffer),
		cmocka_unit_test(a_pipe_keeps_the_order),
		cmocka_unit_test(a_pipe_tells_the_first_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
