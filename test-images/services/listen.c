/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128
#define FIRST_PASSED 3

/* All addresses of IPv4: what tests speak to. */
static int bind_port(unsigned port, bool is_shared)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (is_shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0)
		fail("bind");
	return fd;
}

/* The protocol of sd_listen_fds(3). */
static int take_passed(int *fds)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int n = count ? atoi(count) : 0;

	errno = EBADF;
	if (!pid || atoi(pid) != getpid() || n < 1 || n > LISTENERS_MAX - 2)
		fail("no sockets were passed");
	for (int i = 0; i < n; i++) {
		fds[i] = FIRST_PASSED + i;
		if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) < 0 ||
			fcntl(fds[i], F_SETFL, O_RDWR | O_NONBLOCK) < 0)
			fail("a socket that was passed");
	}
	return n;
}

int listen_open(const struct manner *m, int *fds)
{
	int n = m->listen & LISTEN_FDS ? take_passed(fds) : 0;

	if (m->listen & LISTEN_REUSEPORT)
		fds[n++] = bind_port(m->port, true);
	if (m->listen & LISTEN_PLAIN)
		fds[n++] = bind_port(m->port, false);
	return n;
}

int listen_probe(unsigned port)
{
	static const char request[] =
		"GET /health HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 5};
	char answer[16] = "";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		write(fd, request, strlen(request)) < 0 ||
		recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) < 0)
		fail("probe");
	return !strncmp(answer, "HTTP/1.1 200 ", 13) ? 0 : 1;
}
