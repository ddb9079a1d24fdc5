/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine in a hurry, for what no test can wait for: preloaded, CLOCK_MONOTONIC runs $CLOCK_SPEED
 * times as fast (sleeps last as long as ever), and with $EAGER set other programs write faster than
 * we read: a pipe has always more.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	static long long start;
	const char *speed = getenv("CLOCK_SPEED");

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	if (real(id, ts) < 0)
		return -1;
	if (id != CLOCK_MONOTONIC || !speed)
		return 0;
	long long now = ts->tv_sec * NS_PER_S + ts->tv_nsec;
	if (!start)
		start = now;
	now = start + (now - start) * atoll(speed);
	ts->tv_sec = now / NS_PER_S;
	ts->tv_nsec = now % NS_PER_S;
	return 0;
}

ssize_t read(int fd, void *data, size_t len)
{
	static ssize_t (*real)(int, void *, size_t);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (!real)
		real = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	while ((n = real(fd, data, len)) < 0 && errno == EAGAIN && getenv("EAGER"))
		poll(&p, 1, -1);
	return n;
}
