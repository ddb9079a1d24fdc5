/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which slot runs: `ota.slot=` (or `rauc.slot=`) on the kernel's command line, else its `root=`
 * held against the slots' devices. Nothing is ever guessed.
 */
#ifndef OTA_SLOT_RUNNING_H
#define OTA_SLOT_RUNNING_H

#include "base/err.h"

/* slots: the devices of a and b. Errors: config, where the command line does not tell. */
int running_slot_find(const char *cmdline_path, const char *const slots[2], char *running,
	struct err *err) MUST_USE;

#endif
