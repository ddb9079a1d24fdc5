/* SPDX-License-Identifier: Apache-2.0 */
/* What a service does that its supervisor should survive. Where nothing limits it, it stops by
 * itself before it takes the machine along. */
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clock.h"

#define FORKS_MAX 2000
#define EATEN_MAX (512u << 20)
#define FILLED_MAX (256u << 20)
#define CHUNK (1u << 20)

static void *say(void *arg)
{
	const struct manner *m = arg;
	uint64_t next_ns = clock_ns();

	for (unsigned n = 1;; n++) {
		printf("%s says %u\n", m->version, n);
		fflush(stdout);
		fprintf(stderr, "%s warns %u\n", m->version, n);
		next_ns += NS_PER_S / m->say;
		clock_sleep_until(next_ns);
	}
	return NULL;
}

static void *end(void *arg)
{
	const struct manner *m = arg;
	const char *status = strchr(m->exit_after, ':');

	clock_sleep_until(clock_ns() + strtoull(m->exit_after, NULL, 10) * NS_PER_MS);
	_exit(status ? atoi(status + 1) : 1);
}

static void *multiply(void *arg)
{
	(void)arg;
	for (int n = 0; n < FORKS_MAX; n++) {
		pid_t pid = fork();
		if (pid < 0)
			clock_sleep_until(clock_ns() + 10 * NS_PER_MS);
		if (pid != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	for (;;) /* the end of this thread would be the children's */
		pause();
	return NULL;
}

static void *eat(void *arg)
{
	(void)arg;
	for (size_t eaten = 0; eaten < EATEN_MAX; eaten += CHUNK) {
		char *food = malloc(CHUNK);
		if (food)
			memset(food, 1, CHUNK);
	}
	return NULL;
}

static void fill(const char *path)
{
	static char data[CHUNK];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		fail(path);
	errno = 0;
	for (size_t filled = 0; filled < FILLED_MAX; filled += CHUNK)
		if (write(fd, data, CHUNK) < 0)
			break;
	if (errno)
		fprintf(stderr, "service: fill %s: %s\n", path, strerror(errno));
	close(fd);
}

void trouble_begin(const struct manner *m)
{
	if (m->say)
		start_thread(say, m);
	if (m->crashes)
		abort();
	if (m->fill)
		fill(m->fill);
}

void trouble_go_on(const struct manner *m)
{
	if (m->exit_after)
		start_thread(end, m);
	if (m->forks)
		start_thread(multiply, m);
	if (m->eats)
		start_thread(eat, m);
}

static int locked_fd = -1;

void lock_release(const struct manner *m)
{
	if (m->lock)
		unlink(m->lock);
	if (locked_fd >= 0)
		close(locked_fd);
	locked_fd = -1;
}

static void *release_later(void *arg)
{
	const struct manner *m = arg;

	clock_sleep_until(clock_ns() + (uint64_t)m->lock_ms * NS_PER_MS);
	lock_release(m);
	return NULL;
}

void lock_take(const struct manner *m)
{
	int fd = m->lock ? open(m->lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : 0;

	if (fd < 0)
		fail(m->lock);
	if (fd > 0)
		close(fd);
	if (m->lock_flock) {
		locked_fd = open(m->lock_flock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (locked_fd < 0 || flock(locked_fd, LOCK_EX) < 0)
			fail(m->lock_flock);
	}
	if (m->lock_ms)
		start_thread(release_later, m);
}
