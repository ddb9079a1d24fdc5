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
#define READ_MAX (2 << 20) /* twice the largest pipe of /proc/sys/fs/pipe-max-size */

/* In the child: nothing here may allocate or return. */
static void become(const char *const *argv, char *const *envp, int output_fd)
{
	int null_fd = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	dup2(null_fd, STDIN_FILENO);
	dup2(output_fd, STDOUT_FILENO);
	dup2(output_fd, STDERR_FILENO);
	execvpe(argv[0], (char *const *)argv, envp);
	dprintf(STDERR_FILENO, "cannot be run: %s\n", strerror(errno));
	_exit(127);
}

static bool same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strcspn(b, "=") == len && !memcmp(a, b, len);
}

static bool is_replaced(const char *variable, const char *const *more)
{
	for (; *more; more++)
		if (same_name(variable, *more))
			return true;
	return false;
}

/* What this process has, and the additions in place of those of the same name: of two, getenv()
 * would take the first and a shell the last. */
static char **join_environment(const char *const *more, struct err *err)
{
	size_t n = 0, room = 1;

	for (char **e = environ; *e; e++)
		room++;
	for (const char *const *e = more; *e; e++)
		room++;
	char **joined = calloc(room, sizeof(*joined));
	if (!joined) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	for (const char *const *e = more; *e; e++)
		joined[n++] = (char *)*e;
	for (char **e = environ; *e; e++)
		if (!is_replaced(*e, more))
			joined[n++] = *e;
	return joined;
}

/* Keeps the end of what is said: when the room is full, its older half goes. A NUL would end the
 * text before its end. */
static void keep(struct proc_result *r, char *data, size_t len)
{
	if (r->output_len + len >= PROC_OUTPUT_MAX) {
		size_t half = r->output_len / 2;
		r->output_len -= half;
		memmove(r->output, r->output + half, r->output_len);
	}
	for (size_t i = 0; i < len; i++)
		if (!data[i])
			data[i] = '\n';
	memcpy(r->output + r->output_len, data, len);
	r->output_len += len;
	r->output[r->output_len] = '\0';
}

/* At most READ_MAX: whoever never stops writing must not keep us from the clock. What a program
 * has left in its pipe at its end is less. */
static void read_output(int fd, struct proc_result *r)
{
	char chunk[4096];
	ssize_t n;

	for (size_t taken = 0; taken < READ_MAX; taken += (size_t)n) {
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			return;
		keep(r, chunk, (size_t)n);
	}
}

/* It is not reaped here: until then its number, and that of its group, is no one else's. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

/* Until its end, or a moment of the monotonic clock, or a signal where these are heeded. */
static bool wait_until(
	pid_t pid, int fd, uint64_t until_ms, bool heeds_signals, struct proc_result *r)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (!has_ended(pid)) {
		read_output(fd, r);
		if (clock_mono_ms() >= until_ms || (heeds_signals && interrupt_pending()))
			return false;
		/* a closed output wakes poll at once, always: then only time helps */
		if (poll(&p, 1, POLL_MS) > 0 && p.revents & POLLHUP)
			clock_sleep_ms(POLL_MS / 10);
	}
	return true;
}

static int wait_for(pid_t pid, int fd, unsigned timeout_ms, struct proc_result *r, struct err *err)
{
	int status;

	if (!wait_until(pid, fd, clock_mono_ms() + timeout_ms, true, r)) {
		r->timed_out = !interrupt_pending();
		kill(-pid, SIGTERM);
		wait_until(pid, fd, clock_mono_ms() + GRACE_MS, false, r);
	}
	kill(-pid, SIGKILL); /* and whatever it left behind */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(err, OTA_FAILED, "wait for a program");
	r->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	read_output(fd, r);
	return interrupt_check(err);
}

int proc_run(const char *const *argv, const char *const *env, unsigned timeout_ms,
	struct proc_result *result, struct err *err)
{
	const char *path = argv[0];
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
		become(argv, envp, in);
	setpgid(pid, pid); /* here as well: whoever comes first */
	close(fd_take(&in));
	return wait_for(pid, out, timeout_ms, result, err);
}
