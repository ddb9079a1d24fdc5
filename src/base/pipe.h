/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe of bytes between two threads, bounded. One writes, one reads; whoever stops first tells
 * the other: pipe_end() by the writer once all is written, pipe_fail() by either with its error,
 * which the other then meets.
 */
#ifndef OTA_BASE_PIPE_H
#define OTA_BASE_PIPE_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct pipe;

/* Errors: failed (memory). */
struct pipe *pipe_new(size_t room_bytes, struct err *err) MUST_USE;
void pipe_free(struct pipe *p); /* NULL is fine; both threads are done with it */

/* Waits for room. Errors: that of the reader. */
int pipe_write(struct pipe *p, const void *data, size_t len, struct err *err) MUST_USE;
void pipe_end(struct pipe *p);

/* Lends the next bytes, until the call after it; len is 0 at the end. Errors: that of the writer.
 */
int pipe_read(struct pipe *p, const void **data, size_t *len, struct err *err) MUST_USE;

/* The first one counts. */
void pipe_fail(struct pipe *p, const struct err *why);

static inline void cleanup_pipe(struct pipe **p)
{
	pipe_free(*p);
}

#define AUTO_PIPE CLEANUP(cleanup_pipe) struct pipe

#endif
