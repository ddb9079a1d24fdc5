/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From ota.conf to what the flows take: the facts of the device, and the source to read from.
 */
#ifndef OTA_CMD_DEVICE_H
#define OTA_CMD_DEVICE_H

#include <limits.h>

#include "cmd/front.h"
#include "flow/device.h"
#include "io/source.h"

/* The facts, with the strings that are not the configuration's own. */
struct device_facts {
	struct device device;
	char boot_id[PATH_MAX], watchdog_status[PATH_MAX];
	char id[DIGEST_HEX_LEN];
};

/* Errors: config, io. */
int device_read(struct front *front, struct device_facts *facts, struct err *err) MUST_USE;

/* Opens the source of the command line, or that of the configuration where text is NULL. Errors:
 * config (there is none), those of source_open(). */
struct source *device_source(struct front *front, const char *text, struct err *err) MUST_USE;

#endif
