/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says to calls that a container has no use for: a line NAME ERRNO for each that is
 * named. Linked statically, to be put into a container. */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long try_clone_user(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long try_fork(void)
{
	long pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static long try_keyctl(void)
{
	return syscall(SYS_keyctl, 0, -3, 0);
}

/* The same by the call of a 32-bit program, as a process of its own, which a kernel without such
 * calls ends. */
static long try_keyctl32(void)
{
#ifdef __x86_64__
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int rc;

		__asm__ volatile("int $0x80"
				 : "=a"(rc)
				 : "a"(288), "b"(0), "c"(-3), "d"(0)
				 : "memory");
		_exit(rc < 0 ? -rc : 0);
	}
	waitpid(pid, &status, 0);
	errno = WIFSIGNALED(status) ? (WTERMSIG(status) == SIGSEGV ? ENOSYS : EINTR)
				    : WEXITSTATUS(status);
	return errno ? -1 : 0;
#else
	return try_keyctl();
#endif
}

static long try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static long try_setns(void)
{
	return syscall(SYS_setns, -1, 0);
}

static long try_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static long try_fsopen(void)
{
	return syscall(SYS_fsopen, "tmpfs", 0);
}

static long try_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 0, NULL);
}

static long try_bpf(void)
{
	return syscall(SYS_bpf, -1, NULL, 0);
}

static long try_settime(void)
{
	return syscall(SYS_settimeofday, NULL, NULL);
}

static long try_port80(void)
{
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(80)};

	return bind(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&at, sizeof(at));
}

static const struct {
	const char *name;
	long (*call)(void);
} probes[] = {{"fork", try_fork}, {"clone-user", try_clone_user}, {"clone3", try_clone3},
	{"keyctl", try_keyctl}, {"keyctl32", try_keyctl32}, {"unshare", try_unshare},
	{"setns", try_setns}, {"mount", try_mount}, {"fsopen", try_fsopen},
	{"io_uring", try_io_uring}, {"bpf", try_bpf}, {"settime", try_settime},
	{"port80", try_port80}};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		for (size_t p = 0; p < sizeof(probes) / sizeof(probes[0]); p++)
			if (!strcmp(argv[i], probes[p].name)) {
				long rc = probes[p].call();
				printf("%s %s\n", argv[i], rc < 0 ? strerrorname_np(errno) : "ok");
			}
	return 0;
}
