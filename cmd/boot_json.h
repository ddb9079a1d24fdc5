/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bootswap, commit and rollback tell: with --json, and where their notes were lost.
 */
#ifndef OTA_CMD_BOOT_JSON_H
#define OTA_CMD_BOOT_JSON_H

#include "cmd/front.h"
#include "flow/boot.h"

/* Prints the one object, and a warning where the step could not be noted. Errors: failed. */
int boot_tell(struct front *front, const struct boot_result *r, struct err *err) MUST_USE;

/* "slot b (2.0)", or without a version where none is known. */
#define BOOT_SLOT_LEN (VERSION_LEN + 16)
const char *boot_slot(const struct boot_result *r, char text[BOOT_SLOT_LEN]);

#endif
