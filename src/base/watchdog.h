/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware watchdog of Linux, /dev/watchdogN. Opening it makes it count; from then on it resets
 * the machine unless it is petted within its timeout. It lets in one at a time. The order of calls:
 * watchdog_open(), watchdog_pet() again and again, then watchdog_stop() or watchdog_leave().
 */
#ifndef OTA_BASE_WATCHDOG_H
#define OTA_BASE_WATCHDOG_H

#include <stdbool.h>

#include "base/err.h"

struct watchdog {
	const char *path; /* borrowed */
	int fd;
	unsigned
		timeout_s; /* what the driver has taken, near what was asked; 0: it does not tell */
	bool stops_at_close; /* it knows no magic close: any close stops it, a killed holder's too
			      */
};

/* Opens it, which starts it, and asks for the timeout. Errors: busy (naming the holder where it
 * shows), config (the file is no watchdog), io. A failure leaves nothing open; what was no watchdog
 * was not written to. */
int watchdog_open(
	struct watchdog *w, const char *path, unsigned timeout_s, struct err *err) MUST_USE;

/* Errors: io; it may be tried again. */
int watchdog_pet(const struct watchdog *w, struct err *err) MUST_USE;

/* Stops the hardware and closes, by the magic close. Errors: failed, where the driver was told
 * never to stop (nowayout): it is still open then, and must be petted on. */
int watchdog_stop(struct watchdog *w, struct err *err) MUST_USE;

/* Closes without stopping: the hardware counts on, for the next holder to take over in time. */
void watchdog_leave(struct watchdog *w);

/* Was the machine started by this watchdog's reset? Asks the file that the kernel has in sysfs,
 * /sys/class/watchdog/NAME/bootstatus; false where that is missing. */
bool watchdog_has_reset(const char *bootstatus);

/* Keeps what the process uses from now on in memory, so that petting waits for no disk. Where that
 * is not allowed it goes without. */
void watchdog_stay_resident(void);

#endif
