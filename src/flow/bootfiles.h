/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story of a slot's boot files: from its image, or from the release that carries them, to its
 * side of the boot partition. The running side is never touched.
 */
#ifndef OTA_FLOW_BOOTFILES_H
#define OTA_FLOW_BOOTFILES_H

#include "flow/turn.h"

/* Is the slot's set there and whole? A slot that ota never wrote, and a device without boot files,
 * has nothing to be held against. Errors: corrupt, nothing (there is no set), io. */
int bootfiles_check(const struct turn *t, char slot, struct err *err) MUST_USE;

/* The same for a slot that does not run: a set that is missing or damaged is made anew from the
 * slot, once that is proved. *made tells whether. Errors: those of boot_files(). */
int bootfiles_ensure(struct turn *t, char slot, const struct progress *progress, bool *made,
	struct err *err) MUST_USE;

#endif
