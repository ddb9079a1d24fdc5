/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a long step has come: callbacks that the caller of a flow hands in. All calls come from
 * the thread that called the flow: step, then advance as bytes come, then done; a step that fails
 * has no done. A callback that is NULL is not called, and a NULL progress is silence.
 */
#ifndef OTA_IO_PROGRESS_H
#define OTA_IO_PROGRESS_H

#include <stdint.h>

struct progress {
	/* what: a word for the eye; ota(8) has them all */
	void (*step)(void *ctx, const char *what, uint64_t total_bytes);
	void (*advance)(void *ctx, uint64_t done_bytes); /* of the step's total, so far */
	void (*done)(void *ctx);
	void *ctx;
};

static inline void progress_step(const struct progress *p, const char *what, uint64_t total_bytes)
{
	if (p && p->step)
		p->step(p->ctx, what, total_bytes);
}

static inline void progress_advance(const struct progress *p, uint64_t done_bytes)
{
	if (p && p->advance)
		p->advance(p->ctx, done_bytes);
}

static inline void progress_done(const struct progress *p)
{
	if (p && p->done)
		p->done(p->ctx);
}

#endif
