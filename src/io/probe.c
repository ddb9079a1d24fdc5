/* SPDX-License-Identifier: Apache-2.0 */
#include "io/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/loopback.h"

#define URL_MAX 2048
#define ANSWER_MAX 65536 /* that is read, so that the service may end in peace */

/* What a URL says. */
struct target {
	const char *host; /* and the port, as they are written */
	size_t host_len;
	const char *path; /* "" is "/" */
	union loopback_address address;
	socklen_t address_len; /* 0: localhost */
	uint16_t port;
};

/* --- the socket --- */

static int wait_for(int fd, short events, uint64_t until_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now_ms = clock_mono_ms();
	int n = 0;

	while (now_ms < until_ms && n <= 0) {
		n = poll(&p, 1, until_ms - now_ms < 1000 ? (int)(until_ms - now_ms) : 1000);
		if (n < 0 && errno != EINTR)
			return -1;
		now_ms = clock_mono_ms();
	}
	errno = ETIMEDOUT;
	return n > 0 ? 0 : -1;
}

static int connect_one(const struct sockaddr *to, socklen_t len, uint64_t until_ms)
{
	AUTO_FD fd = loopback_connect(SOCK_STREAM, to, len);

	if (fd < 0 || wait_for(fd, POLLOUT, until_ms) < 0)
		return -1;
	errno = loopback_result(fd);
	return errno ? -1 : fd_take(&fd);
}

/* Why 127.0.0.1 does not work says more than why ::1 does not. */
static int connect_loopback(uint16_t port, uint64_t until_ms)
{
	union loopback_address to;
	socklen_t len = loopback_address(&to, false, port);
	int fd = connect_one(&to.any, len, until_ms), why = errno;

	if (fd < 0) {
		len = loopback_address(&to, true, port);
		fd = connect_one(&to.any, len, until_ms);
	}
	errno = why;
	return fd;
}

int probe_tcp(uint16_t port, unsigned timeout_ms, struct err *err)
{
	AUTO_FD fd = connect_loopback(port, clock_mono_ms() + timeout_ms);

	return fd < 0 ? err_errno(err, OTA_UNHEALTHY, "connect to port %u", port) : 0;
}

/* --- the URL --- */

static int take_port(const char *text, size_t len, uint16_t *port)
{
	unsigned n = 0;

	for (size_t i = 0; i < len && n <= UINT16_MAX; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	*port = (uint16_t)n;
	return n && n <= UINT16_MAX ? 0 : -1;
}

/* An address of IPv6 stands in brackets. */
static int take_host(struct target *t, const char *text, size_t len)
{
	char host[INET6_ADDRSTRLEN];
	bool is_v6 = *text == '[';

	if (len == strlen("localhost") && !strncmp(text, "localhost", len))
		return 0;
	if (is_v6) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	t->address_len = loopback_address(&t->address, is_v6, t->port);
	return (is_v6 ? inet_pton(AF_INET6, host, &t->address.v6.sin6_addr)
		      : inet_pton(AF_INET, host, &t->address.v4.sin_addr)) == 1
		       ? 0
		       : -1;
}

static int read_url(const char *url, struct target *t)
{
	if (strncmp(url, "http://", 7) || strlen(url) > URL_MAX)
		return -1;
	for (const char *c = url; *c; c++)
		if (*c < 0x21 || *c > 0x7e || *c == '#')
			return -1;
	t->host = url + 7;
	t->host_len = strcspn(t->host, "/");
	t->path = t->host + t->host_len;
	size_t len = *t->host == '[' ? strcspn(t->host, "]/") + 1 : strcspn(t->host, ":/");
	t->port = 80;
	if (len > t->host_len)
		return -1;
	if (len < t->host_len && (t->host[len] != ':' || take_port(t->host + len + 1,
								 t->host_len - len - 1, &t->port)))
		return -1;
	return take_host(t, t->host, len);
}

bool probe_url_is_sound(const char *url)
{
	struct target ignored = {0};

	return read_url(url, &ignored) == 0;
}

/* --- HTTP --- */

static int send_request(int fd, const struct target *t)
{
	char text[URL_MAX + 128];
	int len = snprintf(text, sizeof(text),
		"GET %s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: ota\r\nAccept: */*\r\n"
		"Connection: close\r\n\r\n",
		*t->path ? t->path : "/", (int)t->host_len, t->host);

	/* the buffer of a new socket holds that much */
	return send(fd, text, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -1;
}

/* Fewer bytes only where the answer ends, or the time. */
static size_t receive(int fd, char *data, size_t size, uint64_t until_ms)
{
	size_t len = 0;

	while (len < size && wait_for(fd, POLLIN, until_ms) == 0) {
		ssize_t n = recv(fd, data + len, size - len, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	return len;
}

/* A service whose answer is cut off would complain of it. */
static void receive_rest(int fd, uint64_t until_ms)
{
	char data[1024];

	for (size_t len = 0; len < ANSWER_MAX; len += sizeof(data))
		if (receive(fd, data, sizeof(data), until_ms) < sizeof(data))
			return;
}

int probe_read_status(const char bytes[PROBE_STATUS_LEN], struct err *err)
{
	static const char form[PROBE_STATUS_LEN + 1] = "HTTP/1.x 999 ";
	int status = 0;

	for (size_t i = 0; i < PROBE_STATUS_LEN; i++) {
		bool is_sound = bytes[i] == form[i];

		if (form[i] == 'x')
			is_sound = bytes[i] == '0' || bytes[i] == '1';
		if (form[i] == '9' && bytes[i] >= '0' && bytes[i] <= '9') {
			is_sound = true;
			status = status * 10 + (bytes[i] - '0');
		}
		if (i == PROBE_STATUS_LEN - 1 && (bytes[i] == '\r' || bytes[i] == '\n'))
			is_sound = true;
		if (!is_sound)
			return err_set(err, OTA_UNHEALTHY, "what it answers is not HTTP");
	}
	return status;
}

static int ask(int fd, const struct target *t, uint64_t until_ms, struct err *err)
{
	char bytes[PROBE_STATUS_LEN];

	if (send_request(fd, t) < 0)
		return err_errno(err, OTA_UNHEALTHY, "send a request");
	if (receive(fd, bytes, sizeof(bytes), until_ms) < sizeof(bytes))
		return err_set(err, OTA_UNHEALTHY,
			clock_mono_ms() < until_ms ? "it ends without an answer"
						   : "no answer in time");
	int status = probe_read_status(bytes, err);
	if (status < 0)
		return -1;
	receive_rest(fd, until_ms);
	if (status < 200 || status > 399)
		return err_set(err, OTA_UNHEALTHY, "it answers %d", status);
	return 0;
}

int probe_http(const char *url, unsigned timeout_ms, struct err *err)
{
	uint64_t until_ms = clock_mono_ms() + timeout_ms;
	struct target t = {0};

	if (read_url(url, &t) < 0) {
		err_set(err, OTA_USAGE, "'%.200s' cannot be asked", url);
		return err_hint(err, "write http://localhost:PORT/PATH, or an IP address");
	}
	AUTO_FD fd = t.address_len ? connect_one(&t.address.any, t.address_len, until_ms)
				   : connect_loopback(t.port, until_ms);
	if (fd < 0)
		return err_errno(err, OTA_UNHEALTHY, "%.200s", url);
	return ask(fd, &t, until_ms, err) < 0 ? err_wrap(err, "%.200s", url) : 0;
}
