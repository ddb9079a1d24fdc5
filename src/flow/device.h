/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the flows need to know of this device: facts of its configuration, as plain values. The
 * caller owns every string; paths are final. There are no defaults: what a flow looks at must be
 * there. Only what a comment says may be NULL is.
 */
#ifndef OTA_FLOW_DEVICE_H
#define OTA_FLOW_DEVICE_H

#include <stdint.h>

#include "boot/env.h"
#include "flow/hooks.h"

struct device {
	const char *compatible;
	const char *channel; /* NULL: any */
	const char *id;      /* its own name for waves; NULL: it has none */
	const char *store;
	const char *trust; /* the folder of keys */
	unsigned signers;
	uint64_t budget; /* the most bytes that one release may take from the network; 0: any */
	const char *slots[2]; /* the devices of slot a and b */
	const struct boot_backend *boot;
	const char *boot_env; /* for U-Boot the path of fw_env.config */
	unsigned attempts;
	const char *cmdline; /* the kernel's command line */
	const char *boot_id;
	const char *watchdog_status; /* its bootstatus in sysfs; NULL: there is none */
	const char *boot_files;      /* the folder inside an image; "": this device has none */
	const char *boot_target;     /* the folder on the boot partition */
	const char *root; /* the device's root folder; NULL: its files lie in a folder here */
	const char *checks;
	unsigned checks_timeout_ms;
	struct hooks hooks;
};

static inline const char *device_slot(const struct device *d, char slot)
{
	return d->slots[slot - 'a'];
}

static inline char slot_other(char slot)
{
	return slot == 'a' ? 'b' : 'a';
}

#endif
