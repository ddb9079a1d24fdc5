/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/prove.h"

#include <pthread.h>
#include <signal.h>

#include "flow/scan.h"

/* So much is written before it is flushed and read: a flush is not free, and a disk has the more
 * time to lose what it will lose. */
#define STEP_BYTES (32u << 20)
#define DOUBT_EACH 16 /* frames; 8 MiB at 512 KiB each */

struct proof {
	struct slot *slot;
	const struct frame_index *index;
	struct frame_set proved; /* the thread's, until it has ended */
	pthread_t thread;
	bool has_thread;
	uint8_t *cell;
	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct frame_set written;
	uint64_t waiting_bytes; /* of `written` */
	bool stopping, failed;
	struct err first_error;
};

static int differs(const struct slot *slot, const struct frame *f, struct err *err)
{
	err_set(err, OTA_CORRUPT, "slot %s holds other bytes at %ju than were written", slot->path,
		(uintmax_t)f->raw_offset);
	return err_hint(err, "write it again: ota write; if it stays so, the disk is failing: "
			     "dmesg | tail");
}

static int prove_rest(struct slot *slot, const struct frame_index *index, struct frame_set *found,
	const struct progress *progress, struct err *err)
{
	struct frame f = {0};

	progress_step(progress, "read back", index->raw_bytes);
	if (scan_slot(slot, index, found, progress, err) < 0)
		return -1;
	while (index_next(index, &f))
		if (!frame_set_has(found, &f))
			return differs(slot, &f, err);
	progress_done(progress);
	return 0;
}

int prove_slot(struct slot *slot, const struct frame_index *index, const struct progress *progress,
	struct err *err)
{
	AUTO_FRAME_SET found = {0};

	if (frame_set_init(&found, index, err) < 0)
		return -1;
	return prove_rest(slot, index, &found, progress, err);
}

/* --- along with the writing --- */

static int prove_frame(struct proof *p, const struct frame *f, struct err *err)
{
	struct digest digest;

	if (slot_read(p->slot, p->cell, (size_t)f->raw_len, f->raw_offset, err) < 0 ||
		digest_of(p->cell, (size_t)f->raw_len, &digest, err) < 0)
		return -1;
	if (!digest_equal(&digest, &f->digest))
		return differs(p->slot, f, err);
	frame_set_add(&p->proved, f);
	return 0;
}

static bool is_stopping(struct proof *p)
{
	pthread_mutex_lock(&p->lock);
	bool stopping = p->stopping;
	pthread_mutex_unlock(&p->lock);
	return stopping;
}

/* What was written before this flush, and nothing else: `step` is a copy of its own. */
static int prove_step(struct proof *p, const struct frame_set *step, struct err *err)
{
	struct frame f = {0};

	if (slot_flush(p->slot, err) < 0)
		return -1;
	while (index_next(p->index, &f) && !is_stopping(p))
		if (frame_set_has(step, &f) && prove_frame(p, &f, err) < 0)
			return -1;
	return 0;
}

/* Waits for a step to be due, and takes its frames; false when it is time to end. */
static bool take_step(struct proof *p, struct frame_set *step)
{
	pthread_mutex_lock(&p->lock);
	while (!p->stopping && p->waiting_bytes < STEP_BYTES)
		pthread_cond_wait(&p->changed, &p->lock);
	bool due = !p->stopping;
	if (due) {
		frame_set_move(&p->written, step, p->index);
		p->waiting_bytes = 0;
	}
	pthread_mutex_unlock(&p->lock);
	return due;
}

static void *prover(void *arg)
{
	struct proof *p = arg;
	AUTO_FRAME_SET step = {0};
	struct err err;

	int rc = frame_set_init(&step, p->index, &err);
	while (rc == 0 && take_step(p, &step))
		rc = prove_step(p, &step, &err);
	if (rc == 0)
		return NULL;
	pthread_mutex_lock(&p->lock);
	p->failed = true;
	p->first_error = err;
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals belong to the caller's thread. Without a thread all is proved in the end. */
static void start_prover(struct proof *p)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	p->has_thread = pthread_create(&p->thread, NULL, prover, p) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop_prover(struct proof *p)
{
	if (!p->has_thread)
		return;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	p->has_thread = false;
}

struct proof *proof_begin(struct slot *slot, const struct frame_index *index,
	const struct frame_set *proved, struct err *err)
{
	struct proof *p = calloc(1, sizeof(*p));

	if (!p) {
		err_set(err, OTA_FAILED, "out of memory for the proof of a slot");
		return NULL;
	}
	p->slot = slot;
	p->index = index;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->cell = slot_alloc(index->cell_bytes);
	if (!p->cell || frame_set_init(&p->proved, index, err) < 0 ||
		frame_set_init(&p->written, index, err) < 0) {
		err_set(err, OTA_FAILED, "out of memory for the proof of a slot");
		proof_free(p);
		return NULL;
	}
	if (proved)
		frame_set_merge(&p->proved, proved, index);
	if (slot_bypasses_cache(slot))
		start_prover(p);
	return p;
}

int proof_add(struct proof *p, const struct frame *f, struct err *err)
{
	pthread_mutex_lock(&p->lock);
	bool failed = p->failed;
	if (failed)
		*err = p->first_error;
	frame_set_add(&p->written, f);
	p->waiting_bytes += f->raw_len;
	if (p->waiting_bytes >= STEP_BYTES)
		pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return failed ? -1 : 0;
}

bool proof_has_failed(struct proof *p)
{
	pthread_mutex_lock(&p->lock);
	bool failed = p->failed;
	pthread_mutex_unlock(&p->lock);
	return failed;
}

/* A disk that is smaller than it says writes what comes late over what came early, which was read
 * before that. Some of all that was proved is therefore read again when all is written. */
static void doubt_some(struct proof *p)
{
	struct frame f = {0};

	while (index_next(p->index, &f))
		if (f.number % DOUBT_EACH == 0)
			frame_set_remove(&p->proved, &f);
}

int proof_end(struct proof *p, const struct progress *progress, struct err *err)
{
	stop_prover(p);
	if (p->failed) {
		*err = p->first_error;
		return -1;
	}
	if (slot_sync(p->slot, err) < 0)
		return -1;
	doubt_some(p);
	return prove_rest(p->slot, p->index, &p->proved, progress, err);
}

void proof_free(struct proof *p)
{
	if (!p)
		return;
	stop_prover(p);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	cleanup_frame_set(&p->proved);
	cleanup_frame_set(&p->written);
	free(p->cell);
	free(p);
}
