/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: a client's socket, a service's, and a flow each way. */
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "io/loopback.h"
#include "io/relay_part.h"

#define LINK_FILES 6 /* two sockets, two pipes */
#define OTHER_FILES (RELAY_UDP_MAX + 64)
#define AGAIN_MS 20

/* --- from the first to the last --- */

static size_t files_allow(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return 1;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < OTHER_FILES + LINK_FILES)
		return 1;
	return (files.rlim_cur - OTHER_FILES) / LINK_FILES;
}

static void clear(struct relay_link *l)
{
	*l = (struct relay_link){
		.fds = {-1, -1}, .flows = {{.pipe = {-1, -1}}, {.pipe = {-1, -1}}}};
}

void relay_links_begin(struct relay_links *ls, int epoll_fd)
{
	size_t allowed = files_allow();

	ls->epoll_fd = epoll_fd;
	ls->spare[0] = ls->spare[1] = -1;
	ls->n = 0;
	ls->max = allowed < RELAY_MAX ? allowed : RELAY_MAX;
	for (size_t i = 0; i < RELAY_MAX; i++)
		clear(&ls->items[i]);
}

static void end(struct relay_links *ls, struct relay_link *l, bool with_reset)
{
	const struct linger at_once = {.l_onoff = 1};

	for (unsigned s = 0; s < 2; s++) {
		if (with_reset && l->fds[s] >= 0)
			setsockopt(l->fds[s], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		cleanup_fd(&l->fds[s]);
		relay_flow_leave_pipe(ls, &l->flows[s]);
	}
	clear(l);
	ls->n--;
}

void relay_links_end(struct relay_links *ls)
{
	for (struct relay_link *l = ls->items; l < ls->items + RELAY_MAX; l++)
		if (l->fds[RELAY_CLIENT] >= 0)
			end(ls, l, !l->is_connected || l->flows[0].held || l->flows[1].held);
	relay_pipe_close(ls->spare);
}

/* --- what is watched --- */

static void watch(struct relay_links *ls, struct relay_link *l, enum relay_side s, uint32_t events)
{
	size_t index = 2 * (size_t)(l - ls->items) + s;

	if (events != l->watched[s])
		relay_watch(ls->epoll_fd, EPOLL_CTL_MOD, l->fds[s], events, RELAY_LINK, index);
	l->watched[s] = events;
}

static int watch_first(
	struct relay_links *ls, struct relay_link *l, enum relay_side s, uint32_t events)
{
	size_t index = 2 * (size_t)(l - ls->items) + s;

	l->watched[s] = events;
	return relay_watch(ls->epoll_fd, EPOLL_CTL_ADD, l->fds[s], events, RELAY_LINK, index);
}

/* A flow is read from only when it holds nothing: that is what holds its writer back. */
static void watch_flows(struct relay_links *ls, struct relay_link *l)
{
	for (enum relay_side s = RELAY_CLIENT; s <= RELAY_SERVICE; s++) {
		const struct relay_flow *in = &l->flows[s], *out = &l->flows[relay_other(s)];
		uint32_t events = 0;

		if (!in->held && !in->has_ended)
			events |= EPOLLIN;
		if (out->held)
			events |= EPOLLOUT;
		if (!l->is_gone[s])
			watch(ls, l, s, events);
	}
}

/* --- connecting --- */

static void connect_service(struct relay_links *ls, struct relay_link *l, uint64_t now_ms)
{
	int *fd = &l->fds[RELAY_SERVICE], on = 1;
	union loopback_address to;

	do {
		socklen_t len = loopback_address(&to, l->is_v6, l->inside);

		*fd = loopback_connect(SOCK_STREAM, &to.any, len);
		if (*fd >= 0) {
			setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			if (watch_first(ls, l, RELAY_SERVICE, EPOLLOUT) == 0)
				return;
			close(fd_take(fd));
		}
		l->is_v6 = !l->is_v6;
	} while (l->is_v6);
	l->next_ms = now_ms + AGAIN_MS;
}

static void end_connecting(struct relay_links *ls, struct relay_link *l, uint64_t now_ms)
{
	if (loopback_result(l->fds[RELAY_SERVICE]) == 0) {
		l->is_connected = true;
		watch_flows(ls, l);
		return;
	}
	close(fd_take(&l->fds[RELAY_SERVICE]));
	l->is_v6 = !l->is_v6;
	if (l->is_v6)
		connect_service(ls, l, now_ms);
	else
		l->next_ms = now_ms + AGAIN_MS;
}

void relay_link_add(struct relay_links *ls, int client_fd, uint16_t inside, uint64_t now_ms)
{
	struct relay_link *l = ls->items;
	int on = 1;

	while (l->fds[RELAY_CLIENT] >= 0)
		l++;
	l->fds[RELAY_CLIENT] = client_fd;
	l->inside = inside;
	l->give_up_ms = now_ms + RELAY_CONNECT_MS;
	ls->n++;
	setsockopt(client_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* a client that has vanished does not keep its place for ever */
	setsockopt(client_fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (watch_first(ls, l, RELAY_CLIENT, 0) < 0)
		end(ls, l, true);
	else
		connect_service(ls, l, now_ms);
}

uint64_t relay_links_tick(struct relay_links *ls, uint64_t now_ms)
{
	uint64_t next_ms = RELAY_NEVER;
	size_t left = ls->n;

	for (struct relay_link *l = ls->items; left; l++) {
		if (l->fds[RELAY_CLIENT] < 0)
			continue;
		left--;
		if (l->fds[RELAY_SERVICE] < 0 && l->next_ms <= now_ms) {
			if (now_ms >= l->give_up_ms) {
				end(ls, l, true);
				continue;
			}
			connect_service(ls, l, now_ms);
		}
		if (l->fds[RELAY_SERVICE] < 0 && l->next_ms < next_ms)
			next_ms = l->next_ms;
	}
	return next_ms;
}

/* --- what comes --- */

/* Is a side gone that was still to be given something? */
static bool is_cut(const struct relay_link *l)
{
	for (enum relay_side s = RELAY_CLIENT; s <= RELAY_SERVICE; s++)
		if (l->is_gone[s] && l->flows[s].is_closed && !l->flows[relay_other(s)].is_closed)
			return true;
	return false;
}

void relay_link_event(struct relay_links *ls, size_t index, uint32_t events, uint64_t now_ms)
{
	struct relay_link *l = &ls->items[index / 2];
	enum relay_side s = index % 2 ? RELAY_SERVICE : RELAY_CLIENT;

	if (l->fds[s] < 0) /* what came just before has ended it */
		return;
	if (!l->is_connected && s == RELAY_SERVICE) {
		end_connecting(ls, l, now_ms);
		return;
	}
	if (events & (EPOLLERR | EPOLLHUP)) {
		l->is_gone[s] = true;
		epoll_ctl(ls->epoll_fd, EPOLL_CTL_DEL, l->fds[s], NULL);
	}
	if (!l->is_connected || (events & ~EPOLLOUT && relay_flow_pump(ls, l, s) < 0) ||
		(events & ~EPOLLIN && relay_flow_pump(ls, l, relay_other(s)) < 0) || is_cut(l))
		end(ls, l, true);
	else if (l->flows[0].is_closed && l->flows[1].is_closed)
		end(ls, l, false);
	else
		watch_flows(ls, l);
}
