/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list that makes boot files a set: a text, for `sha256sum -c` too, of lines of a digest and a
 * path, between a first line that tells what content the set is of, and a last that holds the
 * list's own digest. Pure.
 */
#ifndef OTA_BOOT_BOOTLIST_H
#define OTA_BOOT_BOOTLIST_H

#include "base/buf.h"
#include "io/digest.h"

#define BOOTLIST_MAX (256u * 1024)

/* Writes one: begin, add in any order, end. Errors: corrupt (longer than the buffer's cap), failed.
 */
int bootlist_begin(struct buf *list, const struct digest *content, struct err *err) MUST_USE;
int bootlist_add(
	struct buf *list, const char *path, const struct digest *digest, struct err *err) MUST_USE;
int bootlist_end(struct buf *list, struct err *err) MUST_USE;

/* Reads one that is whole by its last line: calls `each` (NULL: nobody) with every path, which
 * fatname_check() has passed, and digest. Errors: corrupt; those of each. */
typedef int bootlist_each(
	void *ctx, const char *path, const struct digest *digest, struct err *err);
int bootlist_parse(const char *text, size_t len, struct digest *content, bootlist_each *each,
	void *ctx, struct err *err) MUST_USE;

#endif
