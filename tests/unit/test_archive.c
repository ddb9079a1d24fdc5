/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of tar streams: what it refuses, what it gives back, and what it costs. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "oci/archive.h"
#include "oci/literals.h"
#include "tests/unit/tar.h"
#include "tests/unit/unit.h"

struct stream {
	struct buf tar, literals;
	size_t at, block;
	size_t fail_at; /* where read fails; 0: never */
	size_t kill_at; /* where a signal comes; 0: never */
	bool deaf;      /* literal fails */
};

static int read_block(void *ctx, const void **data, size_t *len, struct err *err)
{
	struct stream *s = ctx;

	if (s->fail_at && s->at >= s->fail_at)
		return err_set(err, OTA_RETRY, "the line broke");
	if (s->kill_at && s->at >= s->kill_at)
		raise(SIGTERM);
	*len = s->tar.len - s->at < s->block ? s->tar.len - s->at : s->block;
	*data = s->tar.data + s->at;
	s->at += *len;
	return 0;
}

static int take_literal(void *ctx, const void *data, size_t len, struct err *err)
{
	struct stream *s = ctx;

	return s->deaf ? err_set(err, OTA_SPACE, "deaf") : buf_add(&s->literals, data, len, err);
}

static int make_stream(void **state)
{
	struct stream *s = calloc(1, sizeof(*s));

	s->tar.cap = s->literals.cap = TAR_MAX;
	s->block = 4096;
	*state = s;
	return 0;
}

static int free_stream(void **state)
{
	struct stream *s = *state;

	buf_free(&s->tar);
	buf_free(&s->literals);
	free(s);
	return 0;
}

/* Reads all; of each file's pieces those are cut whose number is a multiple of `cut`. */
static int read_all(
	struct stream *s, unsigned cut, unsigned *entries, size_t *cut_bytes, struct err *err)
{
	const struct archive_stream stream = {read_block, take_literal, s};
	struct archive_item item;
	struct archive_piece piece;
	unsigned pieces = 0;
	bool more, done;

	s->at = *entries = 0;
	*cut_bytes = 0;
	AUTO_ARCHIVE *r = archive_open(&stream, err);
	if (!r)
		return -1;
	for (;; ++*entries) {
		if (archive_next(r, &item, &more, err) < 0)
			return -1;
		if (!more)
			return archive_next(r, &item, &more, err) || more;
		while (cut) {
			if (archive_data(r, &piece, &more, err) < 0)
				return -1;
			if (!more)
				break;
			if (++pieces % cut)
				continue;
			if (archive_cut(r, &done, err) < 0)
				return -1;
			assert_true(done);
			assert_memory_equal(
				piece.data, s->tar.data + s->literals.len + *cut_bytes, piece.len);
			*cut_bytes += piece.len;
			/* once only */
			if (archive_cut(r, &done, err) < 0 || done)
				return -1;
		}
	}
}

static void put_files(struct stream *s)
{
	AUTO_FREE char *data = malloc(100000);

	for (unsigned i = 0; i < 100000; i++)
		data[i] = (char)(i * 7 >> 3);
	tar_put(&s->tar, (struct tar_entry){.type = '0', .name = "a", .data = data, .len = 100000});
	tar_put(&s->tar, TAR_FOLDER("d"));
	tar_put(&s->tar, (struct tar_entry){.type = '0', .name = "b", .data = data, .len = 5000});
	tar_put(&s->tar, TAR_FILE("c", "c"));
}

static void what_is_not_cut_is_literal(void **state)
{
	static const size_t blocks[] = {1, 100, 511, 512, 4096, 65537, 1u << 20};
	struct stream *s = *state;
	unsigned entries;
	size_t cut_bytes;
	struct err err;

	put_files(s);
	tar_end(&s->tar);
	tar_bytes(&s->tar, "behind the end", 14);
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
		s->block = blocks[i];
		for (unsigned cut = 0; cut < 4; cut++) {
			s->literals.len = 0;
			assert_works(read_all(s, cut, &entries, &cut_bytes, &err));
			assert_int_equal(entries, 4);
			assert_int_equal(s->literals.len + cut_bytes, s->tar.len);
			if (cut == 0)
				assert_memory_equal(s->literals.data, s->tar.data, s->tar.len);
			if (cut == 1)
				assert_int_equal(cut_bytes, 105001);
		}
	}
}

/* Behind a content, but for its filling, and behind any entry: some writers leave out the rest. */
static bool may_stop(size_t len, unsigned cut)
{
	static const size_t ends[][2] = {{100512, 100864}, {101376, 101376}, {106888, 107008},
		{107521, 108032}, {108544, 109056}};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (len >= (cut ? ends[i][0] : ends[i][1]) && len <= ends[i][1])
			return true;
	return false;
}

static void a_stream_without_an_end(void **state)
{
	static const size_t stops[] = {0, 1, 511, 512, 513, 100511, 100512, 100700, 100864, 100865,
		101375, 101376, 101377, 101888, 101889, 106887, 106888, 107008, 107009, 107520,
		107521, 108031, 108032, 108033, 108543, 109056};
	struct stream *s = *state;
	unsigned entries;
	size_t cut_bytes;
	struct err err;

	put_files(s);
	assert_int_equal(s->tar.len, 108032);
	tar_end(&s->tar);
	for (size_t i = 0; i < ARRAY_LEN(stops); i++) {
		s->tar.len = stops[i];
		for (unsigned cut = 0; cut < 2; cut++) {
			s->literals.len = 0;
			if (!may_stop(stops[i], cut)) {
				assert_fails(
					read_all(s, cut, &entries, &cut_bytes, &err), OTA_CORRUPT);
				continue;
			}
			assert_works(read_all(s, cut, &entries, &cut_bytes, &err));
			assert_int_equal(s->literals.len + cut_bytes, stops[i]);
		}
	}
}

static void what_is_no_tar(void **state)
{
	static const char *const texts[] = {"x", "PK\3\4", "\x1f\x8b\x08", "!<arch>\n", "070701"};
	struct stream *s = *state;
	unsigned entries;
	size_t cut_bytes;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		s->tar.len = 0;
		tar_bytes(&s->tar, texts[i], strlen(texts[i]));
		tar_zeros(&s->tar, 4096);
		assert_fails(read_all(s, 1, &entries, &cut_bytes, &err), OTA_CORRUPT);
	}
	s->tar.len = 0;
	put_files(s);
	s->tar.data[100000 / 512 * 512 + 1024 + 5] ^= 1; /* a header of the second file */
	tar_end(&s->tar);
	assert_fails(read_all(s, 1, &entries, &cut_bytes, &err), OTA_CORRUPT);
}

static void an_empty_layer(void **state)
{
	struct stream *s = *state;
	unsigned entries;
	size_t cut_bytes;
	struct err err;

	tar_end(&s->tar);
	assert_works(read_all(s, 1, &entries, &cut_bytes, &err));
	assert_int_equal(entries, 0);
	assert_int_equal(s->literals.len, 1024);
}

static void errors_of_the_stream_come_through(void **state)
{
	struct stream *s = *state;
	unsigned entries;
	size_t cut_bytes;
	struct err err;

	put_files(s);
	tar_end(&s->tar);
	for (s->fail_at = 1; s->fail_at < s->tar.len; s->fail_at += 4096) {
		s->literals.len = 0;
		assert_fails(read_all(s, 1, &entries, &cut_bytes, &err), OTA_RETRY);
		assert_string_equal(err.msg, "the line broke");
		assert_fails(read_all(s, 0, &entries, &cut_bytes, &err), OTA_RETRY);
	}
	s->fail_at = 0;
	s->deaf = true;
	assert_fails(read_all(s, 1, &entries, &cut_bytes, &err), OTA_SPACE);
	assert_fails(read_all(s, 0, &entries, &cut_bytes, &err), OTA_SPACE);
}

/* In a process of its own, since a signal is never forgotten. */
static bool is_interrupted(struct stream *s, size_t at)
{
	unsigned entries;
	size_t cut_bytes;
	struct err err;
	int status;

	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		interrupt_arm();
		s->kill_at = at;
		int rc = read_all(s, 0, &entries, &cut_bytes, &err);
		_exit(!(rc < 0 && err.code == OTA_INTERRUPTED && s->at < at + 2 * s->block));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Also where it is only passed over: within a content, and behind the end. */
static void a_signal_ends_it(void **state)
{
	struct stream *s = *state;

	put_files(s);
	tar_end(&s->tar);
	tar_zeros(&s->tar, 200000);
	assert_true(is_interrupted(s, 20000));
	assert_true(is_interrupted(s, s->tar.len - 100000));
}

/* A header may be large, but not without end. */
static void headers_of_a_hostile_size(void **state)
{
	static const char types[] = {'x', 'g', 'L', 'K'};
	struct stream *s = *state;
	AUTO_FREE char *data = malloc(3u << 20);
	unsigned entries;
	size_t cut_bytes;
	struct err err;

	memset(data, 'n', 3u << 20);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		s->tar.len = s->literals.len = 0;
		tar_put(&s->tar,
			(struct tar_entry){
				.type = types[i], .name = "h", .data = data, .len = 3u << 20});
		tar_put(&s->tar, TAR_FILE("f", "x"));
		tar_end(&s->tar);
		assert_fails(read_all(s, 1, &entries, &cut_bytes, &err), OTA_CORRUPT);
	}
	/* nor may there be many of them */
	s->tar.len = s->literals.len = 0;
	for (unsigned i = 0; i < 10000; i++)
		tar_put(&s->tar,
			(struct tar_entry){.type = 'g', .name = "h", .text = "9 a=bcde\n"});
	tar_put(&s->tar, TAR_FILE("f", "x"));
	tar_end(&s->tar);
	assert_fails(read_all(s, 1, &entries, &cut_bytes, &err), OTA_CORRUPT);
}

static void literals_are_bounded(void **state)
{
	struct stream *s = *state;
	struct literals l = {.sink = take_literal, .ctx = s};
	char block[4096];
	struct err err;
	int rc = 0;

	memset(block, 'x', sizeof(block));
	for (unsigned i = 0; rc == 0 && i < 1000; i++)
		rc = literals_add(&l, block, sizeof(block), &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, OTA_CORRUPT);
	assert_in_range(l.bytes.len, LITERALS_MAX, LITERALS_MAX + sizeof(block));
	assert_false(literals_cut(&l, "y", 1));
	assert_works(literals_settle(&l, 5000, &err));
	assert_int_equal(s->literals.len, 5000);
	assert_true(literals_cut(&l, block, 96));
	assert_null(literals_peek(&l, 5000, 1));
	assert_non_null(literals_peek(&l, 5096, l.bytes.len - 5096));
	assert_null(literals_peek(&l, 5096, l.bytes.len - 5095));
	assert_works(literals_settle(&l, UINT64_MAX, &err));
	assert_int_equal(s->literals.len, l.bytes.len - 96);
	buf_free(&l.bytes);
}

#define on_stream(test) cmocka_unit_test_setup_teardown(test, make_stream, free_stream)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_stream(what_is_not_cut_is_literal),
		on_stream(a_stream_without_an_end),
		on_stream(what_is_no_tar),
		on_stream(an_empty_layer),
		on_stream(errors_of_the_stream_come_through),
		on_stream(a_signal_ends_it),
		on_stream(headers_of_a_hostile_size),
		on_stream(literals_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
