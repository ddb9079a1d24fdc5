/* SPDX-License-Identifier: Apache-2.0 */
/* What goes from one side of a connection to the other. */
#include <errno.h>
#include <fcntl.h>

#include "base/mem.h"
#include "io/relay_part.h"

#define PIPE_BYTES 65536

/* --- pipes --- */

static void move_pipe(int to[2], int from[2])
{
	for (unsigned i = 0; i < 2; i++)
		to[i] = fd_take(&from[i]);
}

void relay_pipe_close(int pipe[2])
{
	for (unsigned i = 0; i < 2; i++) {
		cleanup_fd(&pipe[i]);
		pipe[i] = -1;
	}
}

static int take_pipe(struct relay_links *ls, struct relay_flow *f)
{
	if (f->pipe[0] < 0)
		move_pipe(f->pipe, ls->spare);
	return f->pipe[0] < 0 ? pipe2(f->pipe, O_NONBLOCK | O_CLOEXEC) : 0;
}

/* So one pipe serves all connections whose readers keep up. */
void relay_flow_leave_pipe(struct relay_links *ls, struct relay_flow *f)
{
	if (!f->held && ls->spare[0] < 0)
		move_pipe(ls->spare, f->pipe);
	relay_pipe_close(f->pipe);
}

/* --- moving bytes --- */

static ssize_t move(int from, int to, size_t len)
{
	ssize_t n;

	do
		n = splice(from, NULL, to, NULL, len, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	return n;
}

static int give(struct relay_link *l, enum relay_side from)
{
	struct relay_flow *f = &l->flows[from];

	if (!f->held)
		return 0;
	ssize_t n = move(f->pipe[0], l->fds[relay_other(from)], f->held);
	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	f->held -= (size_t)n;
	return 0;
}

/* Before an urgent byte, splice() has nothing to take, or tells an end that has come behind all the
 * rest. An ordinary read steps over that byte: so only it knows. The pipe is empty. */
static ssize_t take_one(struct relay_link *l, enum relay_side from)
{
	char byte;
	ssize_t n = recv(l->fds[from], &byte, 1, MSG_DONTWAIT);

	return n == 1 ? write(l->flows[from].pipe[1], &byte, 1) : n;
}

static int take(struct relay_links *ls, struct relay_link *l, enum relay_side from)
{
	struct relay_flow *f = &l->flows[from];

	if (f->held || f->has_ended)
		return 0;
	if (take_pipe(ls, f) < 0)
		return -1;
	ssize_t n = move(l->fds[from], f->pipe[1], PIPE_BYTES);
	if (n == 0 || (n < 0 && errno == EAGAIN))
		n = take_one(l, from);
	if (n < 0)
		return errno == EAGAIN && !l->is_gone[from] ? 0 : -1;
	f->held = (size_t)n;
	f->has_ended = n == 0;
	return 0;
}

/* What a side has sent before it went is still taken, to the last byte: nobody would tell us later
 * that there is more. */
int relay_flow_pump(struct relay_links *ls, struct relay_link *l, enum relay_side from)
{
	struct relay_flow *f = &l->flows[from];

	do {
		if (give(l, from) < 0 || take(ls, l, from) < 0 || give(l, from) < 0)
			return -1;
	} while (l->is_gone[from] && !f->held && !f->has_ended);
	if (!f->held)
		relay_flow_leave_pipe(ls, f);
	if (!f->has_ended || f->held || f->is_closed)
		return 0;
	f->is_closed = true;
	return shutdown(l->fds[relay_other(from)], SHUT_WR);
}
