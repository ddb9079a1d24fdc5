/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"

#define POLL_MS 50

static int held_by(int fd, const char *what, struct err *err)
{
	char holder[160] = "";
	ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);

	if (n <= 0)
		strcpy(holder, "an unknown process");
	holder[strcspn(holder, "\n")] = '\0';
	err_set(err, OTA_BUSY, "%s is held by %s", what, holder);
	return err_hint(err, "run the same command again when that has ended");
}

int lock_take(const char *path, const char *holder, unsigned wait_ms, struct err *err)
{
	AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	uint64_t until = clock_mono_ms() + wait_ms;

	if (fd < 0)
		return err_errno(err, OTA_IO, "open lock %s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, OTA_IO, "lock %s", path);
		if (interrupt_check(err) < 0)
			return -1;
		if (clock_mono_ms() >= until)
			return held_by(fd, path, err);
		clock_sleep_ms(POLL_MS);
	}
	/* the name is a courtesy to whoever finds the lock taken: the lock holds without it */
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%s (pid %d)\n", holder, getpid()) < 0)
		return fd_take(&fd);
	return fd_take(&fd);
}

int lock_check_free(const char *path, const char *what, struct err *err)
{
	AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "open lock %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_errno(err, OTA_IO, "lock %s", path);
	return held_by(fd, what, err);
}
