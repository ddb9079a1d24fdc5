/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pipe.h"

#include <pthread.h>

struct pipe {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	char *ring;
	size_t room, head, filled; /* head: the next byte to be read */
	size_t lent;               /* of the filled bytes, to the reader */
	bool ended, failed;
	struct err why;
};

struct pipe *pipe_new(size_t room_bytes, struct err *err)
{
	struct pipe *p = calloc(1, sizeof(*p));
	char *ring = malloc(room_bytes);

	if (!p || !ring) {
		free(p);
		free(ring);
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	p->ring = ring;
	p->room = room_bytes;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->moved, NULL);
	return p;
}

void pipe_free(struct pipe *p)
{
	if (!p)
		return;
	pthread_cond_destroy(&p->moved);
	pthread_mutex_destroy(&p->lock);
	free(p->ring);
	free(p);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Copies what fits without a turn at the ring's end; the lock is held. */
static size_t put(struct pipe *p, const char *data, size_t len)
{
	size_t at = (p->head + p->filled) % p->room;
	size_t n = least(least(len, p->room - p->filled), p->room - at);

	memcpy(p->ring + at, data, n);
	p->filled += n;
	return n;
}

int pipe_write(struct pipe *p, const void *data, size_t len, struct err *err)
{
	const char *bytes = data;

	pthread_mutex_lock(&p->lock);
	while (len > 0 && !p->failed) {
		size_t n = put(p, bytes, len);

		bytes += n;
		len -= n;
		if (n > 0)
			pthread_cond_signal(&p->moved);
		else
			pthread_cond_wait(&p->moved, &p->lock);
	}
	bool failed = p->failed;
	if (failed)
		*err = p->why;
	pthread_mutex_unlock(&p->lock);
	return failed ? -1 : 0;
}

void pipe_end(struct pipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->ended = true;
	pthread_cond_signal(&p->moved);
	pthread_mutex_unlock(&p->lock);
}

int pipe_read(struct pipe *p, const void **data, size_t *len, struct err *err)
{
	pthread_mutex_lock(&p->lock);
	p->head = (p->head + p->lent) % p->room;
	p->filled -= p->lent;
	if (p->lent > 0)
		pthread_cond_signal(&p->moved);
	p->lent = 0;
	while (p->filled == 0 && !p->ended && !p->failed)
		pthread_cond_wait(&p->moved, &p->lock);
	bool failed = p->failed;
	if (failed)
		*err = p->why;
	else
		p->lent = least(p->filled, p->room - p->head);
	*data = p->ring + p->head;
	*len = p->lent;
	pthread_mutex_unlock(&p->lock);
	return failed ? -1 : 0;
}

void pipe_fail(struct pipe *p, const struct err *why)
{
	pthread_mutex_lock(&p->lock);
	if (!p->failed)
		p->why = *why;
	p->failed = true;
	pthread_cond_broadcast(&p->moved);
	pthread_mutex_unlock(&p->lock);
}
