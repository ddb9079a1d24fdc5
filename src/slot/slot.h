/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot's bytes: a block device or a plain file of any size.
 *
 *   slot_open -> { slot_reserve | slot_write | slot_zero }* -> slot_sync -> slot_read* ->
 * slot_close
 *
 * slot_open for writing fails on a slot that is mounted or in use. Writes are only durable after
 * slot_sync; what slot_read gives after that comes from the device, not from the page cache. For
 * what was written before a slot_flush the same holds, where slot_bypasses_cache() says so.
 * slot_write, slot_zero, slot_flush and slot_read may be called by several threads at once.
 */
#ifndef OTA_SLOT_SLOT_H
#define OTA_SLOT_SLOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SLOT_ALIGN 4096 /* of buffers that slot_read fills: slot_alloc gives them so */
#define SLOT_HOLE_MIN                                                                              \
	(16u << 10) /* shorter runs of zeros are written: a hole is not free, either */

struct slot {
	int fd;
	int direct_fd; /* -1 where the file system knows no direct access */
	bool is_block;
	/* found out by trying; they only ever go to true */
	_Atomic bool no_holes, no_direct_writes;
	uint64_t size_bytes;
	char path[PATH_MAX];
};

enum slot_mode { SLOT_FOR_READING, SLOT_FOR_WRITING };

/* Errors: io (missing, unreadable), busy (mounted or held by somebody), config (neither a block
 * device nor a plain file). */
int slot_open(struct slot *s, const char *path, enum slot_mode mode, struct err *err) MUST_USE;
void slot_close(struct slot *s);

/* Sets room aside in a file, so that threads that write to it need not wait for each other; what is
 * there stays. Errors: space; else it is a hint. */
int slot_reserve(struct slot *s, uint64_t offset, uint64_t len, struct err *err) MUST_USE;

/* Writes len bytes and starts their way to the disk: past the page cache where data (of slot_alloc)
 * and offset are aligned, and runs of zeros as slot_zero() does where that takes no writing.
 * Nothing is assumed of what the slot held. Errors: io, space. */
int slot_write(
	struct slot *s, const void *data, size_t len, uint64_t offset, struct err *err) MUST_USE;

/* Makes len bytes zeros, by a hole or the device's own means where it has any; where it has none,
 * what reads as zeros already is not written. */
int slot_zero(struct slot *s, uint64_t offset, uint64_t len, struct err *err) MUST_USE;

/* Makes durable what was written so far. Errors: io. */
int slot_flush(struct slot *s, struct err *err) MUST_USE;

/* Makes all durable, then drops the slot's pages from the cache. Errors: io. */
int slot_sync(struct slot *s, struct err *err) MUST_USE;

/* A buffer for slot_read with room for len bytes, rounded up; free() it. NULL: out of memory. */
void *slot_alloc(size_t len);

/* Reads len bytes into a buffer of slot_alloc. Errors: io, corrupt (the slot ends before). */
int slot_read(struct slot *s, void *data, size_t len, uint64_t offset, struct err *err) MUST_USE;

/* Does slot_read come from the device at any time? */
bool slot_bypasses_cache(const struct slot *s);

/* Has the file nothing there, so that it reads as zeros? False where that cannot be told. */
bool slot_is_hole(const struct slot *s, uint64_t offset, uint64_t len);

/* Are both paths one slot (the same file or device)? */
bool slot_same(const char *path, const char *other);

#endif
