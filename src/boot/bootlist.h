/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a set's list, as bootset.h tells it: begin, add in any order, end.
 */
#ifndef OTA_BOOT_BOOTLIST_H
#define OTA_BOOT_BOOTLIST_H

#include "boot/bootset.h"

/* Errors: corrupt (longer than the buffer's cap), failed. */
int bootlist_begin(struct buf *list, const struct digest *content, struct err *err) MUST_USE;
int bootlist_add(
	struct buf *list, const char *path, const struct digest *digest, struct err *err) MUST_USE;
int bootlist_end(struct buf *list, struct err *err) MUST_USE;

#endif
