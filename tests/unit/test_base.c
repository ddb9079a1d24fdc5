/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of the house: buffers, files, locks, threads, time, other programs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/holder.h"
#include "base/lock.h"
#include "base/pool.h"
#include "base/proc.h"
#include "base/text.h"
#include "tests/unit/unit.h"

static void a_buffer_has_a_cap(void **state)
{
	AUTO_BUF b = BUF(4);
	struct err err;

	(void)state;
	assert_works(buf_add(&b, "abc", 3, &err));
	assert_fails(buf_add(&b, "de", 2, &err), OTA_CORRUPT);
	assert_int_equal(b.len, 3);
	assert_works(buf_printf(&b, &err, "%d", 7));
	assert_string_equal(b.data, "abc7");
}

static void an_errno_may_bring_a_hint(void **state)
{
	struct err err;

	(void)state;
	errno = EIO;
	assert_fails(err_errno(&err, OTA_IO, "x"), OTA_IO);
	assert_non_null(strstr(err.hint, "dmesg"));
	assert_int_equal(errno, EIO);
	errno = ENOSPC;
	assert_fails(err_errno(&err, OTA_IO, "x"), OTA_SPACE);
	assert_non_null(strstr(err.hint, "df -h"));
	errno = EACCES;
	assert_fails(err_errno(&err, OTA_IO, "x"), OTA_IO);
	assert_non_null(strstr(err.hint, "as root"));
	errno = ENOENT;
	assert_fails(err_errno(&err, OTA_IO, "x"), OTA_IO);
	assert_string_equal(err.hint, "");
}

static void a_file_is_replaced_whole(void **state)
{
	AUTO_BUF b = BUF(100);
	struct stat st;
	struct err err;

	assert_works(file_publish(at(state, "f"), "old", 3, 0600, &err));
	assert_works(file_publish(at(state, "f"), "newer", 5, 0644, &err));
	assert_works(file_read(at(state, "f"), &b, &err));
	assert_string_equal(b.data, "newer");
	assert_int_equal(stat(at(state, "f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_fails(file_publish(at(state, "none/f"), "x", 1, 0644, &err), OTA_IO);
}

static void a_file_is_no_link_and_no_folder(void **state)
{
	struct err err;

	assert_works(file_publish(at(state, "f"), "x", 1, 0644, &err));
	assert_int_equal(symlink(at(state, "f"), at(state, "link")), 0);
	assert_fails(file_open_read(at(state, "link"), &err), OTA_CORRUPT);
	assert_fails(file_open_read(*state, &err), OTA_CORRUPT);
	assert_int_equal(mkfifo(at(state, "fifo"), 0600), 0);
	assert_fails(file_open_read(at(state, "fifo"), &err), OTA_CORRUPT);
	assert_fails(file_open_read(at(state, "none"), &err), OTA_IO);
}

static void only_what_a_killed_run_left_is_swept(void **state)
{
	char tmp[PATH_MAX];
	struct err err;

	assert_works(file_publish(at(state, "kept"), "x", 1, 0644, &err));
	int fd = file_temp(at(state, "kept"), tmp, &err);
	assert_true(fd >= 0);
	close(fd);
	file_sweep(*state);
	assert_int_equal(access(tmp, F_OK), -1);
	assert_int_equal(access(at(state, "kept"), F_OK), 0);
}

static void a_short_file_is_corrupt(void **state)
{
	char data[4];
	struct err err;

	assert_works(file_publish(at(state, "f"), "abc", 3, 0644, &err));
	AUTO_FD fd = file_open_read(at(state, "f"), &err);
	assert_works(file_pread(fd, data, 2, 1, "f", &err));
	assert_fails(file_pread(fd, data, 3, 1, "f", &err), OTA_CORRUPT);
}

static void a_lock_names_its_holder(void **state)
{
	struct err err;

	assert_works(lock_check_free(at(state, "lock"), "it", &err));
	int fd = lock_take(at(state, "lock"), "first", 0, &err);
	assert_true(fd >= 0);
	assert_fails(lock_take(at(state, "lock"), "second", 0, &err), OTA_BUSY);
	assert_non_null(strstr(err.msg, "first"));
	assert_fails(lock_check_free(at(state, "lock"), "it", &err), OTA_BUSY);
	close(fd);
	assert_works(lock_check_free(at(state, "lock"), "it", &err));
}

struct tally {
	int fail_at, prepared, released, reaped, last;
	bool in_order;
};

static int prepare(void *job, void *ctx, struct err *err)
{
	struct tally *t = ctx;

	*(int *)job = -1;
	if (++t->prepared == -t->fail_at)
		return err_set(err, OTA_IO, "prepare");
	return 0;
}

static int work(void *job, void *ctx, struct err *err)
{
	const struct tally *t = ctx;
	const struct timespec wait = {.tv_nsec = (*(int *)job * 7919L) % 1000000};

	nanosleep(&wait, NULL); /* so that jobs end out of order */
	return *(int *)job == t->fail_at ? err_set(err, OTA_SPACE, "work") : 0;
}

static int reap(void *job, void *ctx, struct err *err)
{
	struct tally *t = ctx;

	(void)err;
	t->in_order = t->in_order && *(int *)job == t->last + 1;
	t->last = *(int *)job;
	t->reaped++;
	return 0;
}

static int feed(struct tally *t, int n, struct err *err)
{
	const struct pool_spec spec = {.n_threads = 3,
		.job_size = sizeof(int),
		.prepare = prepare,
		.work = work,
		.reap = reap,
		.ctx = t};
	AUTO_POOL *pool = pool_start(&spec, err);

	for (int i = 1; pool && i <= n; i++) {
		int *job = pool_take(pool, err);
		if (!job)
			return -1;
		*job = i;
		pool_submit(pool);
	}
	return pool ? pool_drain(pool, err) : -1;
}

static void jobs_are_reaped_in_order(void **state)
{
	struct tally t = {.in_order = true};
	struct err err;

	(void)state;
	assert_works(feed(&t, 200, &err));
	assert_int_equal(t.reaped, 200);
	assert_true(t.in_order);
	assert_int_equal(t.prepared, 5);
}

static void the_first_failure_ends_a_pool(void **state)
{
	struct tally t = {.in_order = true, .fail_at = 50};
	struct err err;

	(void)state;
	assert_fails(feed(&t, 200, &err), OTA_SPACE);
	assert_true(t.reaped < 50 && t.in_order);
	t = (struct tally){.fail_at = -3};
	assert_fails(feed(&t, 1, &err), OTA_IO);
}

static void times_have_their_form(void **state)
{
	static const char *const wrong[] = {"", "soon", "2026", "2026-13-01", "2026-02-30",
		"2026-11-23T25:00:00Z", "2026-11-23T10:20:30", "2026-11-23T10:20:30+01:00",
		"2026-11-23x", "-2026-11-23"};
	char text[CLOCK_TEXT_LEN];
	struct err err;
	int64_t s;

	(void)state;
	assert_works(clock_parse("2024-02-29T10:20:30Z", &s, &err));
	clock_format(s, text);
	assert_string_equal(text, "2024-02-29T10:20:30Z");
	assert_works(clock_parse("1970-01-02", &s, &err));
	assert_int_equal(s, 86400);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_fails(clock_parse(wrong[i], &s, &err), OTA_USAGE);
}

/* Writes a script and runs it; fails the test where it cannot be run. */
static void run_script(void **state, const char *script, unsigned ms, struct proc_result *r)
{
	const char *const env[] = {"OTA_SLOT=b", NULL};
	char text[512];
	struct err err;

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	assert_works(file_publish(at(state, "run"), text, strlen(text), 0755, &err));
	assert_works(proc_run((const char *const[]){at(state, "run"), NULL}, env, ms, r, &err));
}

static void a_program_gives_status_and_output(void **state)
{
	struct proc_result r;
	struct err err;

	run_script(state, "echo out $OTA_SLOT; echo err >&2; exit 3", 9000, &r);
	assert_int_equal(r.exit_status, 3);
	assert_string_equal(r.output, "out b\nerr\n");
	run_script(state, "kill -9 $$", 9000, &r);
	assert_int_equal(r.exit_status, 137);
	run_script(state, "seq 1 100000", 9000, &r);
	assert_non_null(strstr(r.output, "\n100000\n"));
	assert_true(r.output_len < PROC_OUTPUT_MAX);
	run_script(state, "printf 'one\\0two'", 9000, &r);
	assert_string_equal(r.output, "one\ntwo");
	assert_works(proc_run((const char *const[]){at(state, "none"), NULL},
		(const char *const[]){NULL}, 9000, &r, &err));
	assert_int_equal(r.exit_status, 127);
}

static void the_last_line_that_says_something(void **state)
{
	static const char *const texts[][2] = {{"", ""}, {"\n \n", ""}, {"one", "one"},
		{"one\ntwo\n", "two"}, {"one\n  two \r\n\n", "  two"}, {"abcdefghij", "abcdefg"}};
	char line[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		text_last_line(texts[i][0], line, sizeof(line));
		assert_string_equal(line, texts[i][1]);
	}
}

static void a_program_past_its_time_ends_with_its_children(void **state)
{
	struct proc_result r;
	char script[256];

	snprintf(script, sizeof(script), "(sleep 2; touch %s) & sleep 60", at(state, "late"));
	run_script(state, script, 200, &r);
	assert_true(r.timed_out);
	clock_sleep_ms(2200);
	assert_int_equal(access(at(state, "late"), F_OK), -1);
}

/* A child that waits for its end with what is open here. */
static pid_t child_with(int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	close(fd);
	return pid;
}

static void who_holds_a_file_is_found(void **state)
{
	struct err err;
	struct holder h;

	assert_works(file_publish(at(state, "watchdog"), "", 0, 0600, &err));
	assert_works(file_publish(at(state, "watchdog0"), "", 0, 0600, &err));
	assert_works(file_publish(at(state, "watchdog1"), "", 0, 0600, &err));
	assert_false(holder_find(at(state, "watchdog0"), &h));
	pid_t pid = child_with(open(at(state, "watchdog"), O_RDONLY));
	assert_true(holder_find(at(state, "watchdog"), &h));
	assert_int_equal(h.pid, pid);
	assert_string_equal(h.name, "test_base");
	assert_true(holder_find(at(state, "watchdog0"), &h)); /* another name of the same */
	assert_false(holder_find(at(state, "watchdog1"), &h));
	assert_false(holder_find(at(state, "watchdog00"), &h));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_false(holder_find(at(state, "watchdog"), &h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_has_a_cap),
		cmocka_unit_test(an_errno_may_bring_a_hint),
		in_scratch(a_file_is_replaced_whole),
		in_scratch(a_file_is_no_link_and_no_folder),
		in_scratch(only_what_a_killed_run_left_is_swept),
		in_scratch(a_short_file_is_corrupt),
		in_scratch(a_lock_names_its_holder),
		in_scratch(who_holds_a_file_is_found),
		cmocka_unit_test(jobs_are_reaped_in_order),
		cmocka_unit_test(the_first_failure_ends_a_pool),
		cmocka_unit_test(times_have_their_form),
		cmocka_unit_test(the_last_line_that_says_something),
		in_scratch(a_program_gives_status_and_output),
		in_scratch(a_program_past_its_time_ends_with_its_children),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
