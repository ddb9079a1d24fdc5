/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, the notes about them, and which one runs. */
#include "base/file.h"
#include "slot/record.h"
#include "slot/running.h"
#include "slot/slot.h"
#include "tests/unit/unit.h"

static void make_store(void **state)
{
	struct err err;

	assert_works(dir_make(at(state, "slots"), &err));
	assert_works(dir_make(at(state, "bad"), &err));
}

static void a_note_comes_back(void **state)
{
	struct slot_record in = {.state = SLOT_PROVED,
		.has_digest = true,
		.version = "1.0~\"x\"",
		.epoch = 5,
		.created = 1700000000,
		.proved_boot_id = "one",
		.swapped_boot_id = "two",
		.reason = "check",
		.detail = "said: \"no\""};
	struct slot_record out;
	struct err err;

	make_store(state);
	memset(&in.digest, 7, sizeof(in.digest));
	assert_works(slot_record_write(*state, 'b', &in, &err));
	slot_record_read(*state, 'b', &out);
	assert_memory_equal(&in, &out, sizeof(in));
	slot_record_read(*state, 'a', &out);
	assert_int_equal(out.state, SLOT_EMPTY);
}

static void a_damaged_note_tells_nothing(void **state)
{
	static const char *const texts[] = {"", "{", "{\"state\":\"proved\"}",
		"{\"state\":\"proved\",\"digest\":\"\",\"version\":\"1\",\"epoch\":-1,"
		"\"created\":0,\"proved\":\"\",\"swapped\":\"\",\"reason\":\"\",\"detail\":\"\"}"};
	struct slot_record r;
	struct rollback_record rollback;
	struct err err;

	make_store(state);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_works(file_publish(
			at(state, "slots/a.json"), texts[i], strlen(texts[i]), 0644, &err));
		slot_record_read(*state, 'a', &r);
		assert_int_equal(r.state, SLOT_UNKNOWN);
		assert_false(r.has_digest);
		assert_int_equal(r.version[0], 0);
	}
	rollback_record_read(*state, &rollback);
	assert_false(rollback.happened);
}

static void other_notes_come_back(void **state)
{
	struct rollback_record in = {.happened = true,
		.when_utc_s = 1700000000,
		.from = 'b',
		.to = 'a',
		.reason = "check",
		.detail = "x"};
	struct rollback_record out;
	struct committed_record c = {5, 1700000000}, c_out;
	struct err err;

	make_store(state);
	assert_works(rollback_record_write(*state, &in, &err));
	rollback_record_read(*state, &out);
	assert_memory_equal(&in, &out, sizeof(in));
	committed_record_read(*state, &c_out);
	assert_int_equal(c_out.epoch, 0);
	assert_works(committed_record_write(*state, &c, &err));
	committed_record_read(*state, &c_out);
	assert_memory_equal(&c, &c_out, sizeof(c));
}

static void bad_digests_are_remembered(void **state)
{
	struct digest d = {{1}};
	struct err err;

	make_store(state);
	assert_false(bad_has(*state, &d));
	assert_works(bad_add(*state, &d, &err));
	assert_works(bad_add(*state, &d, &err));
	assert_true(bad_has(*state, &d));
	assert_works(bad_remove(*state, &d, &err));
	assert_works(bad_remove(*state, &d, &err));
	assert_false(bad_has(*state, &d));
}

#define SIZE 100000

static void make_slot(void **state, struct slot *s)
{
	struct err err;
	FILE *f = fopen(at(state, "slot"), "w");

	assert_non_null(f);
	for (int i = 0; i < SIZE; i++)
		fputc('x', f);
	fclose(f);
	assert_works(slot_open(s, at(state, "slot"), SLOT_FOR_WRITING, &err));
}

static void what_is_written_is_read_back(void **state)
{
	char *back = slot_alloc(SIZE);
	struct slot s;
	struct err err;

	make_slot(state, &s);
	assert_int_equal(s.size_bytes, SIZE);
	assert_works(slot_write(&s, "hello", 5, 4096, &err));
	assert_works(slot_zero(&s, 8192, 50000, &err));
	assert_works(slot_sync(&s, &err));
	assert_works(slot_read(&s, back, SIZE, 0, &err));
	assert_memory_equal(back + 4094, "xxhelloxx", 9);
	assert_true(back[8191] == 'x' && back[58192] == 'x');
	assert_true(mem_is_zero(back + 8192, 50000));
	assert_works(slot_read(&s, back, 9, 4094, &err));
	assert_memory_equal(back, "xxhelloxx", 9);
	assert_fails(slot_read(&s, back, 2, SIZE - 1, &err), OTA_CORRUPT);
	slot_close(&s);
	free(back);
}

#define CELL (512 << 10)

/* Whatever was there, a write leaves its bytes; long runs of zeros take no room. */
static void zeros_within_a_write_become_holes(void **state)
{
	static const struct {
		int begin, end;
	} runs[] = {
		{0, 16 << 10}, {64 << 10, 200 << 10}, {300 << 10, 304 << 10}, {400 << 10, CELL}};
	char *data = slot_alloc(CELL), *back = slot_alloc(CELL);
	struct slot s;
	struct err err;

	make_slot(state, &s);
	assert_int_equal(ftruncate(s.fd, 2 * CELL), 0);
	s.size_bytes = 2 * CELL;
	memset(back, 'o', CELL);
	assert_works(slot_write(&s, back, CELL, CELL, &err));
	memset(data, 'd', CELL);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		memset(data + runs[i].begin, 0, (size_t)(runs[i].end - runs[i].begin));
	assert_works(slot_reserve(&s, CELL, CELL, &err));
	assert_works(slot_write(&s, data, CELL - 100, CELL, &err));
	assert_works(slot_flush(&s, &err));
	assert_works(slot_read(&s, back, CELL, CELL, &err));
	assert_memory_equal(back, data, CELL - 100);
	assert_memory_equal(
		back + CELL - 100, "oooooooooooooooooooooooooooooooooooooooooooooooooo", 50);
	if (!s.no_holes) {
		assert_true(slot_is_hole(&s, CELL, 16 << 10));
		assert_true(slot_is_hole(&s, CELL + (64 << 10), 136 << 10));
		assert_false(slot_is_hole(&s, CELL + (300 << 10), 4 << 10));
	}
	s.no_holes = true; /* as on a disk that has none: written, or left where there are zeros */
	assert_works(slot_zero(&s, CELL, CELL, &err));
	assert_works(slot_flush(&s, &err));
	assert_works(slot_read(&s, back, CELL, CELL, &err));
	assert_true(mem_is_zero(back, CELL));
	slot_close(&s);
	free(data);
	free(back);
}

static void only_files_and_block_devices_are_slots(void **state)
{
	struct slot s;
	struct err err;

	assert_fails(slot_open(&s, *state, SLOT_FOR_WRITING, &err), OTA_CONFIG);
	assert_fails(slot_open(&s, "/dev/null", SLOT_FOR_WRITING, &err), OTA_CONFIG);
	assert_fails(slot_open(&s, at(state, "none"), SLOT_FOR_READING, &err), OTA_IO);
}

static void one_device_under_two_names_is_one(void **state)
{
	struct slot s;

	make_slot(state, &s);
	slot_close(&s);
	assert_int_equal(symlink(at(state, "slot"), at(state, "link")), 0);
	assert_true(slot_same(at(state, "slot"), at(state, "link")));
	assert_false(slot_same(at(state, "slot"), *state));
	assert_false(slot_same(at(state, "none"), at(state, "none")));
}

static void the_command_line_tells_the_slot(void **state)
{
	static const struct {
		const char *line;
		char slot; /* 0: it does not tell */
	} lines[] = {{"quiet ota.slot=a", 'a'}, {"ota.slot=b quiet\n", 'b'}, {"rauc.slot=B", 'b'},
		{"ota.slot=b rauc.slot=a", 'b'}, {"ota.slot=a ota.slot=b", 'b'},
		{"root=%s/a ro", 'a'}, {"root=%s/b", 'b'}, {"root=%s/c", 0}, {"", 0},
		{"xota.slot=a", 0}, {"ota.slot=c", 0}, {"ota.slot=", 0}, {"ota.slot=ab", 0},
		{"root=PARTLABEL=none", 0}};
	const char *slots[2] = {strdup(at(state, "a")), strdup(at(state, "b"))};
	char line[256], running;
	struct err err;

	for (int i = 0; i < 2; i++)
		assert_works(file_publish(slots[i], "x", 1, 0644, &err));
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const char *place = strstr(lines[i].line, "%s");
		int before = place ? (int)(place - lines[i].line) : (int)strlen(lines[i].line);
		snprintf(line, sizeof(line), "%.*s%s%s", before, lines[i].line,
			place ? (char *)*state : "", place ? place + 2 : "");
		assert_works(file_publish(at(state, "cmdline"), line, strlen(line), 0644, &err));
		int rc = running_slot_find(at(state, "cmdline"), slots, &running, &err);
		if (running != lines[i].slot || (rc < 0) != !lines[i].slot)
			fail_msg("'%s' tells %c", line, running ? running : '-');
	}
	assert_fails(running_slot_find(at(state, "none"), slots, &running, &err), OTA_CONFIG);
	free((char *)slots[0]);
	free((char *)slots[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(a_note_comes_back),
		in_scratch(a_damaged_note_tells_nothing),
		in_scratch(other_notes_come_back),
		in_scratch(bad_digests_are_remembered),
		in_scratch(what_is_written_is_read_back),
		in_scratch(zeros_within_a_write_become_holes),
		in_scratch(only_files_and_block_devices_are_slots),
		in_scratch(one_device_under_two_names_is_one),
		in_scratch(the_command_line_tells_the_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
