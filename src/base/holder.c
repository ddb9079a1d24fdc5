/* SPDX-License-Identifier: Apache-2.0 */
#include "base/holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"

/* In place, without the number of the first watchdog, whose name without one is older. */
static void plain_name(char *path)
{
	static const char first[] = "/watchdog0";
	size_t len = strlen(path), tail = sizeof(first) - 1;

	if (len >= tail && !strcmp(path + len - tail, first))
		path[len - 1] = '\0';
}

static bool leads_to(int fds, const char *name, const char *wanted)
{
	char path[PATH_MAX];
	ssize_t n = readlinkat(fds, name, path, sizeof(path) - 1);

	if (n < 0)
		return false;
	path[n] = '\0';
	plain_name(path);
	return !strcmp(path, wanted);
}

static bool holds(const char *pid, const char *wanted)
{
	char path[64 + NAME_MAX];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *d = opendir(path);
	for (struct dirent *e; d && !found && (e = readdir(d));)
		found = leads_to(dirfd(d), e->d_name, wanted);
	if (d)
		closedir(d);
	return found;
}

static void read_name(const char *pid, char name[HOLDER_NAME_LEN])
{
	char path[64 + NAME_MAX];

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, name, HOLDER_NAME_LEN - 1);
	name[n > 0 ? n : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	text_clean_line(name);
}

bool holder_find(const char *path, struct holder *holder)
{
	AUTO_FREE char *wanted = realpath(path, NULL);
	DIR *d = wanted ? opendir("/proc") : NULL;
	bool found = false;

	if (wanted)
		plain_name(wanted);
	for (struct dirent *e; d && !found && (e = readdir(d));) {
		holder->pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (holder->pid <= 0 || holder->pid == getpid() || !holds(e->d_name, wanted))
			continue;
		read_name(e->d_name, holder->name);
		found = true;
	}
	if (d)
		closedir(d);
	return found;
}
