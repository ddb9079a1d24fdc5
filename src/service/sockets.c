/* SPDX-License-Identifier: Apache-2.0 */
#include "service/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/mem.h"

#define BACKLOG 4096 /* the kernel's own limit is lower, and counts */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

/* Any address is that of IPv6, which takes IPv4 too, where the kernel has it. */
static socklen_t make_address(const struct compose_port *p, bool has_v6, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (p->protocol == COMPOSE_UNIX) {
		a->local.sun_family = AF_UNIX;
		snprintf(a->local.sun_path, sizeof(a->local.sun_path), "%s", p->address);
		return sizeof(a->local);
	}
	if (*p->address ? strchr(p->address, ':') != NULL : has_v6) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(p->port);
		inet_pton(AF_INET6, *p->address ? p->address : "::", &a->v6.sin6_addr);
		return sizeof(a->v6);
	}
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons(p->port);
	inet_pton(AF_INET, *p->address ? p->address : "0.0.0.0", &a->v4.sin_addr);
	return sizeof(a->v4);
}

/* Not chmod(), which would follow a link that somebody has put in its place by then. */
int sockets_bind_local(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0111);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(before);
	return rc;
}

static int bind_socket(int fd, const struct compose_port *p, const union address *a, socklen_t len)
{
	const int on = 1, off = 0;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, *p->address ? &on : &off, sizeof(on));
	if (p->protocol == COMPOSE_UNIX) {
		unlink(p->address); /* one that a supervisor before us left */
		return sockets_bind_local(fd, &a->local) < 0 ? -1 : listen(fd, BACKLOG);
	}
	if (bind(fd, &a->any, len) < 0)
		return -1;
	return p->protocol == COMPOSE_UDP ? 0 : listen(fd, BACKLOG);
}

static int open_socket(const struct compose_port *p, const char *key, struct err *err)
{
	const int type = (p->protocol == COMPOSE_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC;
	union address a;
	socklen_t len = make_address(p, true, &a);
	AUTO_FD fd = socket(a.any.sa_family, type, 0);

	if (fd < 0 && errno == EAFNOSUPPORT) {
		len = make_address(p, false, &a);
		fd = socket(a.any.sa_family, type, 0);
	}
	if (fd < 0 || bind_socket(fd, p, &a, len) < 0) {
		err_errno(err, OTA_FAILED, "listen on %s", key);
		return errno == EADDRINUSE ? err_hint(err, "ss -lntup shows who does") : -1;
	}
	return fd_take(&fd);
}

static void make_key(const struct compose_port *p, char key[SOCKET_KEY_LEN])
{
	snprintf(key, SOCKET_KEY_LEN, "%s %s:%u", compose_protocol_word(p->protocol), p->address,
		p->port);
}

static int take(const struct compose_port *p, bool is_passed, uint16_t inside,
	const struct sockets *have, struct sockets *s, struct err *err)
{
	struct held_socket *h = &s->items[s->n];

	if (s->n == SOCKETS_MAX)
		return err_set(err, OTA_CONFIG, "more than %d sockets", SOCKETS_MAX);
	*h = (struct held_socket){.fd = -1, .is_passed = is_passed, .inside = inside};
	h->is_udp = p->protocol == COMPOSE_UDP;
	make_key(p, h->key);
	for (size_t i = 0; i < have->n && h->fd < 0; i++)
		if (!strcmp(have->items[i].key, h->key))
			h->fd = fcntl(have->items[i].fd, F_DUPFD_CLOEXEC, 0);
	if (h->fd < 0)
		h->fd = open_socket(p, h->key, err);
	if (h->fd < 0)
		return -1;
	s->n++;
	return 0;
}

/* What is shared by SO_REUSEPORT the service binds itself. */
static size_t listen_count(const struct service *service)
{
	const struct compose_update *u = &service->update;

	return u->sharing == COMPOSE_SHARING_REUSEPORT ? 0 : u->listen.n;
}

static int take_all(const struct service *service, const struct sockets *have, struct sockets *s,
	struct err *err)
{
	const struct compose_update *u = &service->update;

	for (size_t i = 0; i < listen_count(service); i++)
		if (take(&u->listen.items[i], u->sharing == COMPOSE_SHARING_SOCKET,
			    u->listen.items[i].port, have, s, err) < 0)
			return -1;
	for (size_t i = 0; i < service->ports.n; i++)
		if (take(&service->ports.items[i], false, service->ports.items[i].inside, have, s,
			    err) < 0)
			return -1;
	return 0;
}

int sockets_open(const struct service *service, const struct sockets *have, struct sockets *s,
	struct err *err)
{
	s->n = 0;
	if (take_all(service, have, s, err) == 0)
		return 0;
	sockets_close(s);
	return -1;
}

void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->n; i++)
		close(s->items[i].fd);
	s->n = 0;
}

int sockets_share(const struct sockets *have, struct sockets *s, struct err *err)
{
	for (s->n = 0; s->n < have->n; s->n++) {
		s->items[s->n] = have->items[s->n];
		s->items[s->n].fd = fcntl(have->items[s->n].fd, F_DUPFD_CLOEXEC, 0);
		if (s->items[s->n].fd < 0) {
			err_errno(err, OTA_FAILED, "share %s", have->items[s->n].key);
			sockets_close(s);
			return -1;
		}
	}
	return 0;
}

static bool is_named(const struct service *service, const char *key)
{
	char other[SOCKET_KEY_LEN];
	bool is_same = false;

	for (size_t i = 0; i < listen_count(service) && !is_same; i++) {
		make_key(&service->update.listen.items[i], other);
		is_same = !strcmp(key, other);
	}
	for (size_t i = 0; i < service->ports.n && !is_same; i++) {
		make_key(&service->ports.items[i], other);
		is_same = !strcmp(key, other);
	}
	return is_same;
}

void sockets_leave(struct sockets *s, const struct service *service)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (is_named(service, s->items[i].key)) {
			s->items[kept++] = s->items[i];
		} else {
			/* a child that has just begun may still have it open */
			shutdown(s->items[i].fd, SHUT_RDWR);
			close(s->items[i].fd);
		}
	s->n = kept;
}

size_t sockets_passed(const struct sockets *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->items[i].is_passed;
	return n;
}
