/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware watchdog while a release is on trial: petted until the release is kept, and past the
 * deadline no more, so that the machine is reset and the bootloader decides. It learns of the
 * commit from the boot environment, which it only reads; it takes no lock. What it writes is one
 * note, why the machine will be reset, for `status` to tell after the bootloader went back.
 */
#ifndef OTA_FLOW_WATCHDOG_H
#define OTA_FLOW_WATCHDOG_H

#include "boot/guard.h"
#include "flow/device.h"

struct watchdog_options {
	const char *path;   /* of the device */
	unsigned timeout_s; /* of the hardware; it is petted at a third of what the driver takes */
	unsigned deadline_ms; /* from the call; what follows a restart has all of it again */
	bool close_after;     /* with nothing on trial: stop and end; else pet on, for good */
	/* what people should know, a line each; wrong: something is amiss */
	void (*say)(void *ctx, bool wrong, const char *text);
	void *ctx;
};

/* Holds the watchdog. Returns 0 once the release is kept and the device closed cleanly; else only
 * by an error, and then the hardware counts on: whoever takes over does so within its timeout.
 * Errors: nothing (close_after, and nothing is on trial: the device was not opened), busy, config,
 * io, interrupted. */
int watchdog_keep(
	const struct device *d, const struct watchdog_options *o, struct err *err) MUST_USE;

#endif
