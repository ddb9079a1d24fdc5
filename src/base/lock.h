/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock that dies with its holder: flock on a file that also names who holds it.
 * The descriptor is the lock; closing it, or dying, releases it. It is inherited by nothing.
 */
#ifndef OTA_BASE_LOCK_H
#define OTA_BASE_LOCK_H

#include "base/err.h"

/* Takes the lock at path (created if missing) and writes `holder` into it. Waits at most wait_ms.
 * Returns the descriptor. Errors: busy (the message names the holder), io. */
int lock_take(const char *path, const char *holder, unsigned wait_ms, struct err *err) MUST_USE;

/* Fails with busy, naming the holder, if somebody holds the lock now; a missing file is free. */
int lock_check_free(const char *path, const char *what, struct err *err) MUST_USE;

#endif
