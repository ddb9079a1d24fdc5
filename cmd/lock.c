/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/lock.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"
#include "flow/store.h"

/* What a shell gives for a program that it cannot run, and for one that is not there. */
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND 127

struct lock_args {
	unsigned wait_ms;
};

static const struct option_row rows[] = {
	{"wait", "TIME", "wait so long for another holder, as in 30s", OPTION_TIME,
		.offset = offsetof(struct lock_args, wait_ms)},
};

/* The signals of the terminal reach COMMAND as well: it decides, and its status is still told. */
static int spawn(char **argv, const sigset_t *mask, pid_t *pid)
{
	posix_spawnattr_t attr;
	sigset_t defaults;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGQUIT);
	sigaddset(&defaults, SIGPIPE);
	errno = posix_spawnattr_init(&attr);
	if (errno)
		return -1;
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setsigmask(&attr, mask);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	int rc = posix_spawnp(pid, argv[0], NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	errno = rc;
	return rc ? -1 : 0;
}

/* Who ends the lock means its command. The signals are blocked: none comes between the look at the
 * child and the wait. */
static int wait_for(pid_t pid, const sigset_t *heeded, int *status)
{
	int got;

	while ((got = waitpid(pid, status, WNOHANG)) == 0)
		if (sigwaitinfo(heeded, NULL) != SIGCHLD)
			kill(pid, SIGTERM);
	return got < 0 ? -1 : 0;
}

static int run_locked(struct front *front, char **argv, struct err *err)
{
	sigset_t heeded, before;
	pid_t pid;
	int status;

	sigemptyset(&heeded);
	sigaddset(&heeded, SIGCHLD);
	sigaddset(&heeded, SIGTERM);
	sigaddset(&heeded, SIGHUP);
	sigprocmask(SIG_BLOCK, &heeded, &before);
	if (interrupt_check(err) < 0)
		return -1;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (spawn(argv, &before, &pid) < 0) {
		front->status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
		return err_errno(err, OTA_FAILED, "run %s", argv[0]);
	}
	if (wait_for(pid, &heeded, &status) < 0)
		return err_errno(err, OTA_FAILED, "wait for %s", argv[0]);
	front->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct lock_args *a = args;
	const struct config *config = front_config(front, err);
	char path[PATH_MAX];

	(void)argc;
	if (!config || dir_make(config->device.store, err) < 0 ||
		path_join(path, config->device.store, UPDATE_LOCK, err) < 0)
		return -1;
	AUTO_FD lock = lock_take(path, argv[0], a->wait_ms, err);
	if (lock < 0) {
		if (err->code == OTA_BUSY)
			err_hint(err, "wait for it: ota lock --wait 10min -- COMMAND");
		return err_wrap(err, "take the update lock");
	}
	return run_locked(front, argv, err);
}

const struct command cmd_lock = {
	.name = "lock",
	.synopsis = "-- COMMAND [ARGUMENT...]",
	.summary = "hold updates back while COMMAND runs",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct lock_args),
	.min_args = 1,
	.max_args = INT_MAX,
	.passes_on = true,
	.run = run,
};
