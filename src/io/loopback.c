/* SPDX-License-Identifier: Apache-2.0 */
#include "io/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"

socklen_t loopback_address(union loopback_address *a, bool is_v6, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (is_v6) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(port);
		a->v6.sin6_addr = in6addr_loopback;
		return sizeof(a->v6);
	}
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons(port);
	a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(a->v4);
}

int loopback_connect(int type, const struct sockaddr *to, socklen_t len)
{
	AUTO_FD fd = socket(to->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || (connect(fd, to, len) < 0 && errno != EINPROGRESS))
		return -1;
	return fd_take(&fd);
}

/* Where nobody listens on a port that clients are given too, TCP may connect a socket to itself. */
static bool is_own_peer(int fd)
{
	union loopback_address here = {0}, there = {0};
	socklen_t here_len = sizeof(here), there_len = sizeof(there);

	return getsockname(fd, &here.any, &here_len) == 0 &&
	       getpeername(fd, &there.any, &there_len) == 0 && here_len == there_len &&
	       !memcmp(&here, &there, here_len);
}

int loopback_result(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	return !error && is_own_peer(fd) ? ECONNREFUSED : error;
}
