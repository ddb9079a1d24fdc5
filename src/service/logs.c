/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/instance_parts.h"

#define DRAIN_MAX (1u << 20)
#define TTY_PIECE 256

static const int targets[] = {STDOUT_FILENO, STDERR_FILENO};

/* Room for PIPE_BUF is what poll() promises of a pipe, and of most else more. A terminal is only
 * said to hold less than 256 bytes, of a page: what is written at once there is as little. */
bool logs_has_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1;
}

static ssize_t move(struct instance *i, int which)
{
	char piece[PIPE_BUF];
	const size_t most = isatty(targets[which]) ? TTY_PIECE : sizeof(piece);
	ssize_t n = read(i->logs[which], piece, most);

	/* where nobody reads any more, it is as if it had not been said */
	for (ssize_t at = 0, put; n > 0 && at < n; at += put) {
		put = write(targets[which], piece + at, (size_t)(n - at));
		if (put <= 0)
			break;
	}
	return n;
}

static void close_log(struct instance *i, int which)
{
	close(i->logs[which]);
	i->logs[which] = -1;
}

size_t logs_polls(const struct instance *i, struct pollfd *polls)
{
	size_t n = 0;

	for (int which = 0; which < 2; which++)
		if (i->logs[which] >= 0)
			polls[n++] = i->is_log_held[which]
					     ? (struct pollfd){targets[which], POLLOUT, 0}
					     : (struct pollfd){i->logs[which], POLLIN, 0};
	return n;
}

void logs_forward(struct instance *i, int fd)
{
	for (int which = 0; which < 2; which++) {
		if (fd == targets[which])
			i->is_log_held[which] = false;
		if (fd != i->logs[which])
			continue;
		i->is_log_held[which] = !logs_has_room(targets[which]);
		if (!i->is_log_held[which] && move(i, which) == 0)
			close_log(i, which);
	}
}

void logs_drain(struct instance *i)
{
	for (int which = 0; which < 2; which++) {
		if (i->logs[which] < 0)
			continue;
		fcntl(i->logs[which], F_SETFL, O_NONBLOCK);
		for (ssize_t n = 1, all = 0; n > 0 && all < DRAIN_MAX; all += n)
			n = logs_has_room(targets[which]) ? move(i, which) : 0;
		close_log(i, which);
	}
}
