/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"

#define POLL_MS 50
#define GRACE_MS 2000

/* In the child: nothing here may allocate or return. */
static void become(const char *path, char *const *envp, int output_fd)
{
	char *const argv[] = {(char *)path, NULL};
	int null_fd = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	dup2(null_fd, STDIN_FILENO);
	dup2(output_fd, STDOUT_FILENO);
	dup2(output_fd, STDERR_FILENO);
	execve(path, argv, envp);
	dprintf(STDERR_FILENO, "cannot be run: %s\n", strerror(errno));
	_exit(127);
}

/* What this process has, and the additions behind it; getenv() takes the first, so the old ones of
 * the same name are left out. */
static char **join_environment(const char *const *more, struct err *err)
{
	size_t n = 0, extra = 0;

	while (environ[n])
		n++;
	while (more[extra])
		extra++;
	char **joined = calloc(n + extra + 1, sizeof(*joined));
	if (!joined) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < extra; i++)
		joined[i] = (char *)more[i];
	memcpy(joined + extra, environ, n * sizeof(*joined));
	return joined;
}

/* Keeps the end of what is said: when the room is full, its older half goes. */
static void keep(struct proc_result *r, const char *data, size_t len)
{
	if (r->output_len + len >= PROC_OUTPUT_MAX) {
		size_t half = r->output_len / 2;
		r->output_len -= half;
		memmove(r->output, r->output + half, r->output_len);
	}
	memcpy(r->output + r->output_len, data, len);
	r->output_len += len;
	r->output[r->output_len] = '\0';
}

static void read_output(int fd, struct proc_result *r)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		keep(r, chunk, (size_t)n);
}

/* Waits for the child until a moment of the monotonic clock; true once it has ended. */
static bool wait_until(pid_t pid, int fd, uint64_t until_ms, struct proc_result *r)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);
		read_output(fd, r);
		if (got == pid) {
			r->exit_status =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
			return true;
		}
		if (clock_mono_ms() >= until_ms || interrupt_pending())
			return false;
		/* a closed output wakes poll at once, always: then only time helps */
		if (poll(&p, 1, POLL_MS) > 0 && p.revents & POLLHUP)
			clock_sleep_ms(POLL_MS / 10);
	}
}

static int wait_for(pid_t pid, int fd, unsigned timeout_ms, struct proc_result *r, struct err *err)
{
	if (!wait_until(pid, fd, clock_mono_ms() + timeout_ms, r)) {
		r->timed_out = !interrupt_pending();
		kill(-pid, SIGTERM);
		for (unsigned ms = 0; ms < GRACE_MS; ms += POLL_MS) {
			if (waitpid(pid, NULL, WNOHANG) == pid)
				break;
			clock_sleep_ms(POLL_MS);
		}
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		read_output(fd, r);
	}
	kill(-pid, SIGKILL); /* whatever it left behind */
	return interrupt_check(err);
}

int proc_run(const char *path, const char *const *env, unsigned timeout_ms,
	struct proc_result *result, struct err *err)
{
	AUTO_FREE char **envp = join_environment(env, err);
	int ends[2];

	memset(result, 0, sizeof(*result));
	if (!envp)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, OTA_FAILED, "run %s", path);
	AUTO_FD out = ends[0], in = ends[1];
	fcntl(out, F_SETFL, O_NONBLOCK);
	pid_t pid = fork();
	if (pid < 0)
		return err_errno(err, OTA_FAILED, "run %s", path);
	if (pid == 0)
		become(path, envp, in);
	setpgid(pid, pid); /* here as well: whoever comes first */
	close(fd_take(&in));
	return wait_for(pid, out, timeout_ms, result, err);
}
