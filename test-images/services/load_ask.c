/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum outcome outcome_of_errno(void)
{
	switch (errno) {
	case ECONNREFUSED:
	case ENOENT:
		return REFUSED;
	case ECONNRESET:
	case EPIPE:
		return RESET;
	case EAGAIN:
	case EINPROGRESS:
	case ETIMEDOUT:
		return TIMEOUT;
	}
	return OTHER;
}

void line_close(struct line *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* On Linux the time to send is that to connect, too. */
static int call(const struct load *load, struct line *l)
{
	struct timeval limit = {
		(time_t)(load->timeout_ms / 1000), (suseconds_t)(load->timeout_ms % 1000 * 1000)};

	l->fd = socket(load->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -1;
	setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return connect(l->fd, (const struct sockaddr *)&load->to, load->to_size);
}

static int send_request(const struct load *load, struct line *l)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: load\r\n%s\r\n",
		load->path, load->keeps_alive ? "" : "Connection: close\r\n");

	return send(l->fd, text, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -1;
}

/* The body, once all of it is there; else NULL. */
static const char *whole_body(const char *answer, size_t len)
{
	const char *length = strstr(answer, "\r\nContent-Length: ");
	const char *end = strstr(answer, "\r\n\r\n");
	unsigned long n;

	if (!length || !end || sscanf(length, " Content-Length: %lu", &n) != 1)
		return NULL;
	return len - (size_t)(end + 4 - answer) == n ? end + 4 : NULL;
}

static enum outcome take_answer(struct line *l)
{
	const char *body = NULL;
	size_t len = 0;

	while (!body) {
		ssize_t n = recv(l->fd, l->answer + len, ANSWER_MAX - len, 0);
		if (n < 0)
			return outcome_of_errno();
		if (n == 0)
			return SHORT;
		len += (size_t)n;
		l->answer[len] = '\0';
		body = whole_body(l->answer, len);
	}
	if (strncmp(l->answer, "HTTP/1.1 200 ", 13))
		return STATUS;
	l->body = body;
	if (strstr(l->answer, "\r\nConnection: close\r\n"))
		line_close(l);
	return ANSWERED;
}

static enum outcome ask(const struct load *load, struct line *l)
{
	if ((l->fd < 0 && call(load, l) < 0) || send_request(load, l) < 0)
		return outcome_of_errno();
	return take_answer(l);
}

enum outcome line_ask(const struct load *load, struct line *l)
{
	enum outcome outcome = ask(load, l);

	if (outcome != ANSWERED || !load->keeps_alive)
		line_close(l);
	return outcome;
}
