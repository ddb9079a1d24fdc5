/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* One that a child keeps open lives on in it: locks above all. */
static void close_others(const int *keep, size_t n)
{
	DIR *dir = opendir("/proc/self/fd");

	for (struct dirent *e; dir && (e = readdir(dir));) {
		int fd = atoi(e->d_name);
		bool is_kept = fd <= STDERR_FILENO || fd == dirfd(dir);

		for (size_t i = 0; i < n; i++)
			is_kept |= fd == keep[i];
		if (!is_kept)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

static void take_signals(void)
{
	/* one that is ignored stays so in another program */
	static const int changed[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
	sigset_t none;

	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
		signal(changed[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t child_start(const int *keep, size_t n, child_life *life, void *ctx, struct err *err)
{
	const pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return err_errno(err, OTA_FAILED, "a process");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	close_others(keep, n);
	take_signals();
	_exit(life(ctx));
}
