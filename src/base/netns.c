/* SPDX-License-Identifier: Apache-2.0 */
#include "base/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/mem.h"

#define MIGRATE "/proc/sys/net/ipv4/tcp_migrate_req"

struct task {
	int (*work)(int fd, struct err *err);
	int fd;
	int result;
	struct err *err;
};

static void *run_task(void *arg)
{
	struct task *t = arg;

	t->result = t->work(t->fd, t->err);
	return NULL;
}

/* A thread has a network namespace of its own if it likes: wherever this one goes, the caller stays
 * where it is. */
static int run_aside(int (*work)(int fd, struct err *err), int fd, struct err *err)
{
	struct task t = {work, fd, -1, err};
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run_task, &t);
	if (errno)
		return err_errno(err, OTA_IO, "start a thread");
	pthread_join(thread, NULL);
	return t.result;
}

/* Its addresses, 127.0.0.1 and ::1, come by themselves. */
static int raise_loopback(struct err *err)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	AUTO_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		return err_errno(err, OTA_IO, "bring a namespace's loopback up");
	return 0;
}

static int make(int unused, struct err *err)
{
	(void)unused;
	if (unshare(CLONE_NEWNET) < 0)
		return err_errno(err, OTA_IO, "make a network namespace");
	AUTO_FD fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, OTA_IO, "open a network namespace");
	return raise_loopback(err) < 0 ? -1 : fd_take(&fd);
}

int netns_new(struct err *err)
{
	return run_aside(make, -1, err);
}

int netns_enter(int fd, struct err *err)
{
	return setns(fd, CLONE_NEWNET) < 0 ? err_errno(err, OTA_IO, "enter a network namespace")
					   : 0;
}

/* Whichever /proc this is: what lies below sys/net is of the namespace of the thread that looks. */
static int migrate(int fd, struct err *err)
{
	if (fd >= 0 && netns_enter(fd, err) < 0)
		return -1;
	AUTO_FD knob = open(MIGRATE, O_WRONLY | O_CLOEXEC);
	if (knob < 0 && errno == ENOENT)
		return err_set(err, OTA_NOTHING, "this kernel has no tcp_migrate_req: 5.14 has");
	if (knob < 0 || write(knob, "1", 1) != 1)
		return err_errno(err, OTA_IO, "write %s", MIGRATE);
	return 0;
}

int netns_migrate_requests(int fd, struct err *err)
{
	return run_aside(migrate, fd, err);
}

void netns_path(int fd, char out[NETNS_PATH_LEN])
{
	snprintf(out, NETNS_PATH_LEN, "/proc/%d/fd/%d", (int)getpid(), fd);
}
