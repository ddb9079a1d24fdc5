/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

#define MAX_THREADS 16
#define DEFAULT_MAX_THREADS 4 /* each costs buffers, and memory is bounded */

struct pool {
	struct pool_spec spec;
	char *jobs;
	bool *done;
	uint64_t submitted, started, reaped; /* counts; their place in the ring is modulo n_jobs */
	bool stopping, failed;
	struct err first_error;
	pthread_mutex_t lock;
	pthread_cond_t to_workers, to_submitter;
	unsigned n_running;
	pthread_t threads[MAX_THREADS];
};

unsigned pool_default_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > DEFAULT_MAX_THREADS ? DEFAULT_MAX_THREADS : (unsigned)n;
}

static void *pool_job(struct pool *pool, unsigned n)
{
	return pool->jobs + n * pool->spec.job_size;
}

static void set_failed(struct pool *pool, const struct err *err)
{
	if (!pool->failed)
		pool->first_error = *err;
	pool->failed = true;
}

static void *worker(void *arg)
{
	struct pool *pool = arg;
	struct err err;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->stopping && pool->started == pool->submitted)
			pthread_cond_wait(&pool->to_workers, &pool->lock);
		if (pool->stopping)
			break;
		unsigned n = pool->started++ % pool->spec.n_jobs;
		bool skip = pool->failed;
		pthread_mutex_unlock(&pool->lock);
		int rc = skip ? 0 : pool->spec.work(pool_job(pool, n), pool->spec.ctx, &err);
		pthread_mutex_lock(&pool->lock);
		if (rc < 0)
			set_failed(pool, &err);
		pool->done[n] = true;
		pthread_cond_signal(&pool->to_submitter);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Waits for the oldest job that is not reaped yet, and reaps it. */
static int reap_oldest(struct pool *pool, struct err *err)
{
	unsigned n = pool->reaped % pool->spec.n_jobs;

	pthread_mutex_lock(&pool->lock);
	while (!pool->done[n])
		pthread_cond_wait(&pool->to_submitter, &pool->lock);
	bool failed = pool->failed;
	pthread_mutex_unlock(&pool->lock);
	pool->reaped++;
	if (failed) {
		*err = pool->first_error;
		return -1;
	}
	if (!pool->spec.reap || pool->spec.reap(pool_job(pool, n), pool->spec.ctx, err) == 0)
		return 0;
	pthread_mutex_lock(&pool->lock);
	set_failed(pool, err);
	pthread_mutex_unlock(&pool->lock);
	return -1;
}

void *pool_take(struct pool *pool, struct err *err)
{
	if (pool->submitted - pool->reaped == pool->spec.n_jobs && reap_oldest(pool, err) < 0)
		return NULL;
	return pool_job(pool, pool->submitted % pool->spec.n_jobs);
}

void pool_submit(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->done[pool->submitted++ % pool->spec.n_jobs] = false;
	pthread_cond_signal(&pool->to_workers);
	pthread_mutex_unlock(&pool->lock);
}

int pool_drain(struct pool *pool, struct err *err)
{
	while (pool->reaped != pool->submitted)
		if (reap_oldest(pool, err) < 0)
			return -1;
	return 0;
}

static int prepare(struct pool *pool, struct err *err)
{
	pool->jobs = calloc(pool->spec.n_jobs, pool->spec.job_size);
	pool->done = calloc(pool->spec.n_jobs, sizeof(*pool->done));
	if (!pool->jobs || !pool->done)
		return err_set(err, OTA_FAILED, "out of memory for worker threads");
	for (unsigned n = 0; pool->spec.prepare && n < pool->spec.n_jobs; n++)
		if (pool->spec.prepare(pool_job(pool, n), pool->spec.ctx, err) < 0)
			return -1;
	return 0;
}

static int start_threads(struct pool *pool, struct err *err)
{
	sigset_t all, before;

	sigfillset(&all); /* signals belong to the submitter's thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->n_running < pool->spec.n_threads &&
		!pthread_create(&pool->threads[pool->n_running], NULL, worker, pool))
		pool->n_running++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pool->n_running ? 0 : err_set(err, OTA_FAILED, "cannot start a worker thread");
}

struct pool *pool_start(const struct pool_spec *spec, struct err *err)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool) {
		err_set(err, OTA_FAILED, "out of memory for worker threads");
		return NULL;
	}
	pool->spec = *spec;
	if (!pool->spec.n_threads)
		pool->spec.n_threads = pool_default_threads();
	if (pool->spec.n_threads > MAX_THREADS)
		pool->spec.n_threads = MAX_THREADS;
	if (!pool->spec.n_jobs)
		pool->spec.n_jobs = pool->spec.n_threads + 2;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->to_workers, NULL);
	pthread_cond_init(&pool->to_submitter, NULL);
	if (prepare(pool, err) == 0 && start_threads(pool, err) == 0)
		return pool;
	pool_stop(pool);
	return NULL;
}

void pool_stop(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->to_workers);
	pthread_mutex_unlock(&pool->lock);
	while (pool->n_running > 0)
		pthread_join(pool->threads[--pool->n_running], NULL);
	for (unsigned n = 0; pool->spec.release && pool->jobs && n < pool->spec.n_jobs; n++)
		pool->spec.release(pool_job(pool, n));
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->to_workers);
	pthread_cond_destroy(&pool->to_submitter);
	free(pool->jobs);
	free(pool->done);
	free(pool);
}
