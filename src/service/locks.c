/* SPDX-License-Identifier: Apache-2.0 */
#include "service/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "flow/store.h"

#define HINT "wait for it, or override it with --force"

static int check_operator(const char *store, struct err *err)
{
	char path[PATH_MAX];

	if (path_join(path, store, UPDATE_LOCK, err) < 0)
		return -1;
	if (lock_check_free(path, "the update lock", err) == 0)
		return 0;
	return err->code == OTA_BUSY ? err_hint(err, HINT) : -1;
}

static int check_file(const char *path, const char *name, struct err *err)
{
	char since[CLOCK_TEXT_LEN];
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	clock_format(st.st_mtime, since);
	err_set(err, OTA_BUSY, "the service '%s' holds updates back since %s", name, since);
	return err_hint(err, HINT "; its lock is %.160s", path);
}

/* The folder is the container's as well: what stands there may be a device, which nobody should
 * open by mistake, or a link. */
static int open_plain(const char *path)
{
	AUTO_FD at = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char again[64];
	struct stat st;

	if (at < 0 || fstat(at, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", at);
	return open(again, O_RDONLY | O_CLOEXEC);
}

static int check_flock(const char *path, const char *name, struct err *err)
{
	AUTO_FD fd = open_plain(path);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	err_set(err, OTA_BUSY, "the service '%s' holds updates back", name);
	return err_hint(err, HINT "; its lock is %.160s", path);
}

static int check_service(const struct service_place *place, const char *name, struct err *err)
{
	const struct service_place at = {place->run, place->store, name};
	char path[PATH_MAX];

	for (char letter = 'a'; letter <= 'b'; letter++) {
		if (place_instance(&at, letter, "in/" LOCKS_BY_EXISTENCE, path, err) < 0 ||
			check_file(path, name, err) < 0)
			return -1;
		if (place_instance(&at, letter, "in/" LOCKS_BY_FLOCK, path, err) < 0 ||
			check_flock(path, name, err) < 0)
			return -1;
	}
	return 0;
}

int locks_check(const struct service_place *place, const struct compose *compose, struct err *err)
{
	if (check_operator(place->store, err) < 0)
		return -1;
	for (size_t i = 0; i < compose->n; i++)
		if (check_service(place, compose->services[i].name, err) < 0)
			return -1;
	return 0;
}
