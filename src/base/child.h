/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that are this same program: forked, and at once apart from all that their parent does.
 */
#ifndef OTA_BASE_CHILD_H
#define OTA_BASE_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

typedef int child_life(void *ctx);

/* Forks. The child keeps only these descriptors beside input and output, takes signals as at a
 * program's start, and is killed when its parent ends; its exit status is what `life` returns. The
 * caller waits for it. Errors: failed. */
pid_t child_start(const int *keep, size_t n, child_life *life, void *ctx, struct err *err) MUST_USE;

#endif
