/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker threads over a ring of jobs, reaped in the order in which they were submitted.
 *
 *   pool_start -> { pool_take -> fill the job -> pool_submit }* -> pool_drain -> pool_stop
 *
 * One thread (the submitter) makes all calls; `work` runs on the workers, `reap` on the submitter,
 * in order. pool_take hands out the oldest job of the ring once it is done and reaped. After the
 * first error no further job is worked on or reaped, and take and drain give that error.
 * The pool owns the job memory (n_jobs * job_size, zeroed); it is the same at every turn, so a job
 * can keep buffers. pool_stop may come at any time: it waits for the jobs that run, drops the rest.
 */
#ifndef OTA_BASE_POOL_H
#define OTA_BASE_POOL_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct pool;

struct pool_spec {
	unsigned n_threads; /* 0: as many as there are cores, at most 4 */
	unsigned n_jobs;    /* 0: two more than threads */
	size_t job_size;
	int (*prepare)(void *job, void *ctx, struct err *err); /* gives it buffers; NULL: none */
	int (*work)(void *job, void *ctx, struct err *err);
	int (*reap)(void *job, void *ctx, struct err *err); /* NULL: nothing to do */
	void (*release)(void *job); /* frees them, also of a job that was half prepared */
	void *ctx;
};

/* Errors: failed (threads or memory), those of prepare. */
struct pool *pool_start(const struct pool_spec *spec, struct err *err) MUST_USE;
void *pool_take(struct pool *pool, struct err *err) MUST_USE;
void pool_submit(struct pool *pool);
int pool_drain(struct pool *pool, struct err *err) MUST_USE;
void pool_stop(struct pool *pool);

static inline void cleanup_pool(struct pool **pool)
{
	if (*pool)
		pool_stop(*pool);
}

#define AUTO_POOL CLEANUP(cleanup_pool) struct pool

/* How many threads `n_threads = 0` means on this machine. */
unsigned pool_default_threads(void);

#endif
