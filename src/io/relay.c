/* SPDX-License-Identifier: Apache-2.0 */
#include "io/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/relay_part.h"

#define EVENTS 64
#define PAUSE_MS 100 /* where one cannot be accepted, for want of files or memory */
#define SILENCE_MS 60000
#define LAST_SILENCE_MS 1000

struct relay {
	const struct relay_port *ports;
	size_t n;
	int epoll_fd;
	unsigned drain_ms;
	bool is_listening;
	bool is_stopping;
	uint64_t paused_until_ms;
	uint64_t end_ms;
	struct relay_links links;
	struct relay_udp udp;
};

int relay_watch(int epoll_fd, int op, int fd, uint32_t events, enum relay_kind kind, size_t index)
{
	struct epoll_event e = {.events = events, .data.u64 = (uint64_t)kind << 32 | index};

	return epoll_ctl(epoll_fd, op, fd, &e);
}

/* Not EPOLLEXCLUSIVE: it would wake one relay alone, perhaps the one that is just told to stop, and
 * the other would sleep beside a client that waits. */
static int listen_to(struct relay *r, bool is_on, struct err *err)
{
	int op = is_on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;

	if (r->is_listening == is_on)
		return 0;
	r->is_listening = is_on;
	for (size_t i = 0; i < r->n; i++)
		if (!r->ports[i].is_udp && relay_watch(r->epoll_fd, op, r->ports[i].socket, EPOLLIN,
						   RELAY_LISTENING, i) < 0)
			return err_errno(err, OTA_IO, "watch a listening socket");
	return 0;
}

static void accept_from(struct relay *r, const struct relay_port *p, uint64_t now_ms)
{
	while (r->links.n < r->links.max) {
		int fd = accept4(p->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
				r->paused_until_ms = now_ms + PAUSE_MS;
			return;
		}
		relay_link_add(&r->links, fd, p->inside, now_ms);
	}
}

/* Sockets are taken off one by one: one that is only closed stays watched, since others have it
 * too. */
static int stop(struct relay *r, int stop_fd, uint64_t now_ms, struct err *err)
{
	r->is_stopping = true;
	r->end_ms = now_ms + r->drain_ms;
	epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, stop_fd, NULL);
	if (listen_to(r, false, err) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		if (r->ports[i].is_udp)
			epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, r->ports[i].socket, NULL);
		else
			close(r->ports[i].socket);
	return 0;
}

/* Does what is due; gives how long to wait for more, as epoll_wait() has it. */
static int tick(struct relay *r, uint64_t now_ms)
{
	uint64_t silence_ms = r->is_stopping ? LAST_SILENCE_MS : SILENCE_MS;
	const uint64_t moments[] = {relay_links_tick(&r->links, now_ms),
		relay_udp_tick(&r->udp, silence_ms, now_ms),
		r->paused_until_ms > now_ms ? r->paused_until_ms : RELAY_NEVER,
		r->is_stopping ? r->end_ms : RELAY_NEVER};
	uint64_t next_ms = RELAY_NEVER;

	for (size_t i = 0; i < ARRAY_LEN(moments); i++)
		if (moments[i] < next_ms)
			next_ms = moments[i];
	if (next_ms == RELAY_NEVER)
		return -1;
	if (next_ms <= now_ms)
		return 0;
	return next_ms - now_ms < INT_MAX ? (int)(next_ms - now_ms) : INT_MAX;
}

static int handle(struct relay *r, const struct epoll_event *e, uint64_t now_ms, struct err *err)
{
	size_t index = (uint32_t)e->data.u64;

	switch ((enum relay_kind)(e->data.u64 >> 32)) {
	case RELAY_STOP:
		return stop(r, (int)index, now_ms, err);
	case RELAY_LINK:
		relay_link_event(&r->links, index, e->events, now_ms);
		break;
	case RELAY_UDP_PORT:
		if (!r->is_stopping)
			relay_udp_from_client(&r->udp, index, now_ms);
		break;
	case RELAY_UDP_CLIENT:
		relay_udp_from_service(&r->udp, index, now_ms);
		break;
	case RELAY_LISTENING: /* comes last */
		break;
	}
	return 0;
}

/* Clients are accepted after all else: a place that has just become free is not taken while there
 * may still be an event for who had it. */
static int turn(struct relay *r, int wait_ms, struct err *err)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(r->epoll_fd, events, EVENTS, wait_ms);
	uint64_t now_ms = clock_mono_ms();

	if (n < 0 && errno != EINTR)
		return err_errno(err, OTA_IO, "wait for connections");
	for (int i = 0; i < n; i++)
		if (handle(r, &events[i], now_ms, err) < 0)
			return -1;
	for (int i = 0; i < n && !r->is_stopping; i++)
		if (events[i].data.u64 >> 32 == RELAY_LISTENING)
			accept_from(r, &r->ports[(uint32_t)events[i].data.u64], now_ms);
	return 0;
}

static int watch_ports(struct relay *r, int stop_fd, struct err *err)
{
	if (relay_watch(r->epoll_fd, EPOLL_CTL_ADD, stop_fd, EPOLLIN, RELAY_STOP, (size_t)stop_fd) <
		0)
		return err_errno(err, OTA_IO, "watch for the end");
	for (size_t i = 0; i < r->n; i++) {
		int fd = r->ports[i].socket;

		if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
			(r->ports[i].is_udp && relay_watch(r->epoll_fd, EPOLL_CTL_ADD, fd, EPOLLIN,
						       RELAY_UDP_PORT, i) < 0))
			return err_errno(err, OTA_IO, "watch a socket");
	}
	return 0;
}

/* By the moment that tick() has seen: a pause is over, or it is waited for. */
static bool can_accept(const struct relay *r, uint64_t now_ms)
{
	return now_ms >= r->paused_until_ms && r->links.n < r->links.max;
}

static bool is_done(const struct relay *r)
{
	return r->is_stopping && (clock_mono_ms() >= r->end_ms || (!r->links.n && !r->udp.n));
}

static int run(struct relay *r, int stop_fd, struct err *err)
{
	if (watch_ports(r, stop_fd, err) < 0)
		return -1;
	for (;;) {
		uint64_t now_ms = clock_mono_ms();
		/* what is due may end a connection: only then it is known whether there is room for
		 * another, and whether to wait at all */
		int wait_ms = tick(r, now_ms);

		if (is_done(r))
			return 0;
		if (!r->is_stopping && listen_to(r, can_accept(r, now_ms), err) < 0)
			return -1;
		if (turn(r, wait_ms, err) < 0)
			return -1;
	}
}

int relay_run(
	const struct relay_port *ports, size_t n, int stop_fd, unsigned drain_ms, struct err *err)
{
	AUTO_FREE struct relay *r = calloc(1, sizeof(*r));
	AUTO_FD epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	if (!r)
		return err_set(err, OTA_FAILED, "out of memory");
	if (epoll_fd < 0)
		return err_errno(err, OTA_IO, "wait for connections");
	signal(SIGPIPE, SIG_IGN);
	r->ports = ports;
	r->n = n;
	r->epoll_fd = epoll_fd;
	r->drain_ms = drain_ms;
	relay_links_begin(&r->links, epoll_fd);
	relay_udp_begin(&r->udp, epoll_fd, ports, n);
	int result = run(r, stop_fd, err);
	relay_links_end(&r->links);
	relay_udp_end(&r->udp);
	return result;
}
