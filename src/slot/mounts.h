/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is something mounted from this device or file? Asked of the kernel: /proc/self/mountinfo for
 * devices, the loop devices' backing files for plain files; those get a second to go.
 */
#ifndef OTA_SLOT_MOUNTS_H
#define OTA_SLOT_MOUNTS_H

#include <sys/stat.h>

#include "base/err.h"

/* Errors: busy (mounted, or behind a loop device; the message names where), io. */
int mounts_check_free(const char *path, const struct stat *st, struct err *err) MUST_USE;

#endif
