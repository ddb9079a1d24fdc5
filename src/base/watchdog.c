/* SPDX-License-Identifier: Apache-2.0 */
#include "base/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/holder.h"
#include "base/mem.h"

#define SYSTEMD_HINT                                                                               \
	"leave it to ota with RuntimeWatchdogSec=0 in /etc/systemd/system.conf, or give systemd "  \
	"another one by WatchdogDevice= there"

static int is_held(const char *path, struct err *err)
{
	struct holder h;

	if (!holder_find(path, &h)) {
		err_set(err, OTA_BUSY, "%s is held by a process that does not show", path);
		return err_hint(err, "if it is systemd, " SYSTEMD_HINT);
	}
	err_set(err, OTA_BUSY, "%s is held by %s (pid %d)", path, h.name, (int)h.pid);
	if (h.pid == 1)
		return err_hint(err, SYSTEMD_HINT);
	return err_hint(err,
		"one is enough; to take over, end it without a clean close and start ota watchdog "
		"before the hardware resets");
}

static int cannot_open(const char *path, struct err *err)
{
	if (errno == EBUSY)
		return is_held(path, err);
	err_errno(err, OTA_IO, "open watchdog %s", path);
	if (errno != ENOENT && errno != ENODEV && errno != ENXIO)
		return -1;
	return err_hint(
		err, "load its driver, or name another by watchdog = in [boot] of ota.conf");
}

/* Drivers round, and refuse what their hardware cannot count to: then what it has stays. */
static unsigned set_timeout(int fd, unsigned timeout_s)
{
	int wanted = (int)timeout_s, has;

	if (ioctl(fd, WDIOC_SETTIMEOUT, &wanted) < 0)
		wanted = 0;
	if (ioctl(fd, WDIOC_GETTIMEOUT, &has) < 0)
		has = wanted;
	return has > 0 ? (unsigned)has : 0;
}

int watchdog_open(struct watchdog *w, const char *path, unsigned timeout_s, struct err *err)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	struct watchdog_info info;

	if (fd < 0)
		return cannot_open(path, err);
	if (ioctl(fd, WDIOC_GETSUPPORT, &info) < 0) {
		err_set(err, OTA_CONFIG, "%s is no watchdog", path);
		return err_hint(err, "name it by watchdog = in [boot] of ota.conf");
	}
	*w = (struct watchdog){.path = path,
		.timeout_s = set_timeout(fd, timeout_s),
		.stops_at_close = !(info.options & WDIOF_MAGICCLOSE)};
	w->fd = fd_take(&fd);
	return 0;
}

int watchdog_pet(const struct watchdog *w, struct err *err)
{
	if (write(w->fd, "", 1) == 1)
		return 0;
	return err_errno(err, OTA_IO, "pet %s", w->path);
}

/* By the ioctl first: of a magic close alone nobody learns whether the driver heeded it. */
int watchdog_stop(struct watchdog *w, struct err *err)
{
	int off = WDIOS_DISABLECARD;

	if (ioctl(w->fd, WDIOC_SETOPTIONS, &off) < 0 && errno == EBUSY)
		return err_set(err, OTA_FAILED, "%s cannot be stopped (nowayout)", w->path);
	if (write(w->fd, "V", 1) != 1)
		return err_errno(err, OTA_FAILED, "close %s cleanly", w->path);
	watchdog_leave(w);
	return 0;
}

void watchdog_leave(struct watchdog *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void watchdog_stay_resident(void)
{
	/* not MCL_FUTURE: with a small limit an allocation would fail later */
	if (mlockall(MCL_CURRENT | MCL_ONFAULT) < 0)
		return;
}

bool watchdog_has_reset(const char *bootstatus)
{
	AUTO_BUF text = BUF(31);
	struct err ignored;

	return file_read(bootstatus, &text, &ignored) == 0 && text.data &&
	       strtoul(text.data, NULL, 10) & WDIOF_CARDRESET;
}
