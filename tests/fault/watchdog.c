/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware watchdog, and the time to wait for it: preloaded, the plain file whose name ends with
 * /dev/watchdog0 is one, and the monotonic clock begins at 0 and moves by sleeps alone, which last
 * a moment. What happens to the device goes to $WATCHDOG_LOG, a line each: the second of that
 * clock, then open, timeout N, pet, failed, magic, stop, close (stopped) or leave (closed, and it
 * counts on); and reset, where it was not petted in time: then the process is killed, as the
 * machine would be. $WATCHDOG_FAULT: nowayout, nomagic (any close stops it), round (the timeout is
 * 20 s whatever is asked), mute (no timeout is told), eio (pets fail from 30 s to 40 s), none (it
 * is no watchdog).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000LL
#define NAME "/dev/watchdog0"

static long long now_ms, petted_ms;
static int device = -1, timeout_s = 60, magic, stopped;

static int is_fault(const char *name)
{
	const char *fault = getenv("WATCHDOG_FAULT");

	return fault && !strcmp(fault, name);
}

/* A fault that is misspelt would prove nothing. */
static void __attribute__((constructor)) check_fault(void)
{
	static const char *const known[] = {
		"nowayout", "nomagic", "round", "mute", "eio", "none", NULL};
	int i = 0;

	while (known[i] && !is_fault(known[i]))
		i++;
	if (!known[i] && getenv("WATCHDOG_FAULT"))
		abort();
}

static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	FILE *f = fopen(getenv("WATCHDOG_LOG"), "a");
	va_list ap;

	va_start(ap, fmt);
	fprintf(f, "%lld ", now_ms / 1000);
	vfprintf(f, fmt, ap);
	fputc('\n', f);
	fclose(f);
	va_end(ap);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	if (id != CLOCK_MONOTONIC)
		return real(id, ts);
	ts->tv_sec = now_ms / 1000;
	ts->tv_nsec = now_ms % 1000 * NS_PER_MS;
	return 0;
}

int nanosleep(const struct timespec *asked, struct timespec *left)
{
	static int (*real)(const struct timespec *, struct timespec *);
	const struct timespec moment = {.tv_nsec = NS_PER_MS};

	if (!real)
		real = (int (*)(const struct timespec *, struct timespec *))dlsym(
			RTLD_NEXT, "nanosleep");
	now_ms += asked->tv_sec * 1000 + asked->tv_nsec / NS_PER_MS;
	if (device >= 0 && !stopped && now_ms - petted_ms > timeout_s * 1000LL) {
		note("reset");
		raise(SIGKILL);
	}
	return real(&moment, left);
}

static int open_device(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		errno = EBUSY;
		return -1;
	}
	note("open");
	petted_ms = now_ms;
	return device = fd;
}

int open64(const char *path, int flags, ...)
{
	static int (*real)(const char *, int, ...);
	va_list ap;

	if (!real)
		real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
	va_start(ap, flags);
	int fd = real(path, flags, va_arg(ap, mode_t));
	va_end(ap);
	size_t len = strlen(path), tail = strlen(NAME);
	if (fd < 0 || len < tail || strcmp(path + len - tail, NAME) != 0)
		return fd;
	return open_device(fd);
}

static int refuse(int number)
{
	errno = number;
	return -1;
}

static int stop(void)
{
	if (is_fault("nowayout"))
		return refuse(EBUSY);
	note("stop");
	stopped = 1;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;

	va_start(ap, request);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	if (fd != device || is_fault("none"))
		return refuse(ENOTTY);
	switch (request) {
	case WDIOC_GETSUPPORT:
		((struct watchdog_info *)arg)->options = is_fault("nomagic") ? 0 : WDIOF_MAGICCLOSE;
		return 0;
	case WDIOC_SETTIMEOUT:
		timeout_s = is_fault("round") ? 20 : *(int *)arg;
		note("timeout %d", timeout_s);
		return is_fault("mute") ? refuse(ENOTTY) : 0;
	case WDIOC_GETTIMEOUT:
		*(int *)arg = timeout_s;
		return is_fault("mute") ? refuse(ENOTTY) : 0;
	case WDIOC_SETOPTIONS:
		return *(int *)arg == WDIOS_DISABLECARD ? stop() : refuse(EINVAL);
	}
	return refuse(ENOTTY);
}

ssize_t write(int fd, const void *data, size_t len)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (!real)
		real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	if (device < 0 || fd != device)
		return real(fd, data, len);
	if (is_fault("eio") && now_ms >= 30000 && now_ms < 40000) {
		note("failed");
		return refuse(EIO);
	}
	magic = memchr(data, 'V', len) != NULL;
	petted_ms = now_ms;
	note(magic ? "magic" : "pet");
	return (ssize_t)len;
}

int close(int fd)
{
	static int (*real)(int);

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "close");
	if (device >= 0 && fd == device) {
		note((magic && !is_fault("nowayout")) || stopped || is_fault("nomagic") ? "close"
											: "leave");
		device = -1;
	}
	return real(fd);
}
