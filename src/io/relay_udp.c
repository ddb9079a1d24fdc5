/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "io/loopback.h"
#include "io/relay_part.h"

#define BATCH 64 /* datagrams that one socket may have before others are looked at */

void relay_udp_begin(
	struct relay_udp *u, int epoll_fd, const struct relay_port *ports, size_t n_ports)
{
	const int on = 1;

	u->epoll_fd = epoll_fd;
	u->ports = ports;
	for (size_t i = 0; i < RELAY_UDP_MAX; i++)
		u->clients[i].fd = -1;
	for (size_t i = 0; i < n_ports; i++) {
		if (!ports[i].is_udp)
			continue;
		/* a socket of IPv6 tells the addresses of IPv4 in the same way */
		if (setsockopt(ports[i].socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)))
			setsockopt(ports[i].socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	}
}

static void forget(struct relay_udp *u, struct relay_client *c)
{
	close(fd_take(&c->fd));
	u->n--;
}

void relay_udp_end(struct relay_udp *u)
{
	for (struct relay_client *c = u->clients; c < u->clients + RELAY_UDP_MAX; c++)
		if (c->fd >= 0)
			forget(u, c);
}

/* The next datagram finds a new way, by the other address than this one's: of two clients that are
 * refused at the same time, the second does not lead back to where both were. */
static void turn_back(struct relay_udp *u, struct relay_client *c)
{
	if (errno == ECONNREFUSED)
		u->prefers_v6 = !c->is_v6;
	forget(u, c);
}

static struct relay_client *find(struct relay_udp *u, size_t port, const struct msghdr *m)
{
	for (struct relay_client *c = u->clients; c < u->clients + RELAY_UDP_MAX; c++)
		if (c->fd >= 0 && c->port == port && c->address_len == m->msg_namelen &&
			!memcmp(&c->address, m->msg_name, m->msg_namelen))
			return c;
	return NULL;
}

/* A place that is free, or else the one that was silent longest. */
static struct relay_client *make_room(struct relay_udp *u)
{
	struct relay_client *oldest = u->clients;

	for (struct relay_client *c = u->clients; c < u->clients + RELAY_UDP_MAX; c++) {
		if (c->fd < 0)
			return c;
		if (c->used_ms < oldest->used_ms)
			oldest = c;
	}
	forget(u, oldest);
	return oldest;
}

static struct relay_client *welcome(struct relay_udp *u, size_t port, const struct msghdr *m)
{
	struct relay_client *c = make_room(u);
	union loopback_address to;
	socklen_t len = loopback_address(&to, u->prefers_v6, u->ports[port].inside);
	AUTO_FD fd = loopback_connect(SOCK_DGRAM, &to.any, len);

	if (fd < 0 || relay_watch(u->epoll_fd, EPOLL_CTL_ADD, fd, EPOLLIN, RELAY_UDP_CLIENT,
			      (size_t)(c - u->clients)) < 0) {
		u->prefers_v6 = false;
		return NULL;
	}
	memcpy(&c->address, m->msg_name, m->msg_namelen);
	c->address_len = m->msg_namelen;
	c->port = port;
	c->is_v6 = u->prefers_v6;
	c->fd = fd_take(&fd);
	u->n++;
	return c;
}

/* By which interface the answer leaves, routing knows better. A datagram that came before the
 * socket was told to note addresses has only the one in its header. */
static void prepare_v4(unsigned char *data)
{
	struct in_pktinfo info;

	memcpy(&info, data, sizeof(info));
	info.ipi_ifindex = 0;
	if (!info.ipi_spec_dst.s_addr)
		info.ipi_spec_dst = info.ipi_addr;
	memcpy(data, &info, sizeof(info));
}

/* Where a datagram was sent to is where its answer comes from, unless that is an address of many.
 */
static void keep_control(struct relay_client *c, struct msghdr *m)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);

	c->control_len = 0;
	if (!h || m->msg_flags & MSG_CTRUNC)
		return;
	if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO)
		prepare_v4(CMSG_DATA(h));
	else if (h->cmsg_level != IPPROTO_IPV6 || h->cmsg_type != IPV6_PKTINFO ||
		 *CMSG_DATA(h) == 0xff)
		return;
	c->control_len = m->msg_controllen;
	memcpy(c->control, m->msg_control, c->control_len);
}

static int take_one(struct relay_udp *u, size_t port, uint64_t now_ms)
{
	struct sockaddr_in6 from;
	_Alignas(size_t) char control[sizeof(u->clients->control)];
	struct iovec data = {u->data, sizeof(u->data)};
	struct msghdr m = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(u->ports[port].socket, &m, MSG_DONTWAIT);

	if (n < 0)
		return -1;
	struct relay_client *c = find(u, port, &m);
	if (!c)
		c = welcome(u, port, &m);
	if (!c)
		return 0;
	keep_control(c, &m);
	c->used_ms = now_ms;
	if (send(c->fd, u->data, (size_t)n, MSG_DONTWAIT) < 0 && errno != EAGAIN)
		turn_back(u, c);
	return 0;
}

void relay_udp_from_client(struct relay_udp *u, size_t port, uint64_t now_ms)
{
	for (unsigned i = 0; i < BATCH; i++)
		if (take_one(u, port, now_ms) < 0)
			return;
}

static void give_back(struct relay_udp *u, struct relay_client *c, size_t len)
{
	struct iovec data = {u->data, len};
	const struct msghdr m = {.msg_name = &c->address,
		.msg_namelen = c->address_len,
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = c->control,
		.msg_controllen = c->control_len};

	sendmsg(u->ports[c->port].socket, &m, MSG_DONTWAIT);
}

void relay_udp_from_service(struct relay_udp *u, size_t client, uint64_t now_ms)
{
	struct relay_client *c = &u->clients[client];

	for (unsigned i = 0; i < BATCH && c->fd >= 0; i++) {
		ssize_t n = recv(c->fd, u->data, sizeof(u->data), MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			turn_back(u, c);
			return;
		}
		c->used_ms = now_ms;
		give_back(u, c, (size_t)n);
	}
}

uint64_t relay_udp_tick(struct relay_udp *u, uint64_t silence_ms, uint64_t now_ms)
{
	uint64_t next_ms = RELAY_NEVER;

	for (struct relay_client *c = u->clients; u->n && c < u->clients + RELAY_UDP_MAX; c++) {
		if (c->fd >= 0 && c->used_ms + silence_ms <= now_ms)
			forget(u, c);
		if (c->fd >= 0 && c->used_ms + silence_ms < next_ms)
			next_ms = c->used_ms + silence_ms;
	}
	return next_ms;
}
