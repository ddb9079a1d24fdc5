/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define CONNECTIONS_MAX 256
#define REQUEST_MAX 2048
#define STATUS_OF_SIGTERM (128 + SIGTERM)

struct connection {
	int fd;
	uint64_t due_ms;  /* when the answer is sent; 0: nothing was asked */
	bool wants_close; /* after the answer */
	bool is_answered; /* only the other's end is waited for, lest a reset overtakes the answer
			   */
	size_t len;
	char request[REQUEST_MAX + 1];
};

static struct connection connections[CONNECTIONS_MAX];
static int n_connections;
static uint64_t start_ms;

static void drop(int i)
{
	close(connections[i].fd);
	n_connections--;
	if (i < n_connections)
		connections[i] = connections[n_connections];
}

static const char *find(const char *text, const char *what)
{
	size_t len = strlen(what);

	for (; *text; text++)
		if (!strncasecmp(text, what, len))
			return text;
	return NULL;
}

static bool answer(struct connection *c, int status, const char *body)
{
	char text[256];
	int len = snprintf(text, sizeof(text),
		"HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n%s",
		status, status == 200 ? "OK" : "Not OK", strlen(body),
		c->wants_close ? "Connection: close\r\n" : "", body);

	c->due_ms = 0;
	if (send(c->fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		return false;
	if (c->wants_close) {
		shutdown(c->fd, SHUT_WR);
		c->is_answered = true;
	}
	return true;
}

static bool answer_version(const struct manner *m, struct connection *c)
{
	char body[64];

	c->wants_close |= is_stopping;
	snprintf(body, sizeof(body), "%s\n", m->version);
	return answer(c, 200, body);
}

static bool answer_health(const struct manner *m, struct connection *c)
{
	bool is_ill = m->unhealthy_after_ms && clock_ms() >= start_ms + m->unhealthy_after_ms;

	return is_ill ? answer(c, 500, "ill\n") : answer(c, 200, "ok\n");
}

/* One request, with the line that ends it. */
static bool take_request(const struct manner *m, struct connection *c, const char *text)
{
	unsigned ms;

	c->wants_close = is_stopping || find(text, "\r\nConnection: close\r\n") ||
			 !find(text, " HTTP/1.1\r\n");
	if (!strncmp(text, "GET / ", 6))
		return answer_version(m, c);
	if (!strncmp(text, "GET /health ", 12))
		return answer_health(m, c);
	if (sscanf(text, "GET /slow?ms=%u ", &ms) == 1) {
		c->due_ms = clock_ms() + ms;
		return true;
	}
	c->wants_close = true; /* it may have a body */
	return answer(c, 404, "not here\n");
}

/* All requests that are there, up to one whose answer has its time. */
static bool take_requests(const struct manner *m, struct connection *c)
{
	char *end;

	while (!c->due_ms && !c->is_answered && (end = strstr(c->request, "\r\n\r\n"))) {
		char rest = end[4];
		end[4] = '\0';
		if (!take_request(m, c, c->request))
			return false;
		end[4] = rest;
		c->len -= (size_t)(end + 4 - c->request);
		memmove(c->request, end + 4, c->len + 1);
	}
	return c->len < REQUEST_MAX;
}

static bool receive(const struct manner *m, struct connection *c)
{
	ssize_t n = recv(c->fd, c->request + c->len, REQUEST_MAX - c->len, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	if (c->is_answered)
		return true;
	c->len += (size_t)n;
	c->request[c->len] = '\0';
	return take_requests(m, c);
}

/* Of a datagram socket: each datagram is answered with the version. */
static void answer_datagrams(const struct manner *m, int fd)
{
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	char in[64];

	while (recvfrom(fd, in, sizeof(in), MSG_DONTWAIT, (struct sockaddr *)&from, &size) >= 0) {
		sendto(fd, m->version, strlen(m->version), 0, (struct sockaddr *)&from, size);
		size = sizeof(from);
	}
}

static void accept_all(const struct manner *m, int listener)
{
	socklen_t size = sizeof(int);
	int type = SOCK_STREAM, fd;

	getsockopt(listener, SOL_SOCKET, SO_TYPE, &type, &size);
	if (type == SOCK_DGRAM) {
		answer_datagrams(m, listener);
		return;
	}
	while (n_connections < CONNECTIONS_MAX &&
		(fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct connection *c = &connections[n_connections++];
		memset(c, 0, sizeof(*c));
		c->fd = fd;
	}
}

static uint64_t first_due_ms(uint64_t until_ms)
{
	for (int i = 0; i < n_connections; i++)
		if (connections[i].due_ms && connections[i].due_ms < until_ms)
			until_ms = connections[i].due_ms;
	return until_ms;
}

/* Sleeps until something is to be done, or SIGTERM. */
static void wait_poll(struct pollfd *polled, int n, uint64_t until_ms)
{
	uint64_t now_ms = clock_ms();
	struct timespec left = clock_spec(until_ms > now_ms ? (until_ms - now_ms) * NS_PER_MS : 0);
	sigset_t none;

	sigemptyset(&none);
	if (ppoll(polled, (nfds_t)n, until_ms == UINT64_MAX ? NULL : &left, &none) < 0)
		for (int i = 0; i < n; i++)
			polled[i].revents = 0;
}

/* From the last to the first: what is dropped is replaced by the last. */
static void serve_connections(const struct manner *m, const struct pollfd *polled)
{
	for (int i = n_connections - 1; i >= 0; i--) {
		struct connection *c = &connections[i];
		bool goes_on = true;
		if (c->due_ms && c->due_ms <= clock_ms())
			goes_on = answer_version(m, c) && take_requests(m, c);
		else if (polled[i].revents)
			goes_on = receive(m, c);
		if (!goes_on)
			drop(i);
	}
}

static void serve_once(const struct manner *m, const int *listeners, int n, uint64_t until_ms)
{
	struct pollfd polled[CONNECTIONS_MAX + LISTENERS_MAX];
	int n_polled = n_connections;

	for (int i = 0; i < n_polled; i++)
		polled[i] = (struct pollfd){
			.fd = connections[i].due_ms ? -1 : connections[i].fd, .events = POLLIN};
	for (int i = 0; i < n; i++)
		polled[n_polled + i] =
			(struct pollfd){.fd = n_connections < CONNECTIONS_MAX ? listeners[i] : -1,
				.events = POLLIN};
	wait_poll(polled, n_polled + n, first_due_ms(until_ms));
	serve_connections(m, polled);
	for (int i = 0; i < n; i++)
		if (polled[n_polled + i].revents)
			accept_all(m, listeners[i]);
}

/* Whoever waits at a socket that was passed waits at the others' copies, too. The queue of one that
 * was bound here is reset when it closes, unless the kernel migrates it: what is there is taken
 * first. */
static void stop_listening(const struct manner *m, const int *listeners, int n)
{
	for (int i = 0; i < n; i++) {
		if (!(m->listen & LISTEN_FDS))
			accept_all(m, listeners[i]);
		close(listeners[i]);
	}
}

int server_run(const struct manner *m, int *listeners, int n)
{
	start_ms = clock_ms();
	while (!is_stopping)
		serve_once(m, listeners, n, UINT64_MAX);
	if (m->listen == LISTEN_PLAIN)
		return STATUS_OF_SIGTERM;
	stop_listening(m, listeners, n);
	uint64_t until_ms = clock_ms() + m->drain_ms;
	while (n_connections > 0 && clock_ms() < until_ms)
		serve_once(m, NULL, 0, until_ms);
	return 0;
}
