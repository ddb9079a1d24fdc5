/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the relay share: sockets of the loopback, a service that answers each
 * connection in a thread of its own, and a relay in a child.
 */
#ifndef OTA_TESTS_RELAY_WORLD_H
#define OTA_TESTS_RELAY_WORLD_H

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "io/relay.h"
#include "tests/unit/unit.h"

#define LONG_MS 60000 /* never used up */

/* --- sockets --- */

static inline struct sockaddr_in here(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static inline uint16_t port_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	assert_int_equal(getsockname(fd, (void *)&a, &len), 0);
	return ntohs(a.sin6_port);
}

static inline int listen_on(uint16_t port)
{
	struct sockaddr_in a = here(port);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (void *)&a, sizeof(a)) < 0 || listen(fd, 512) < 0)
		return -1;
	return fd;
}

/* A port that nobody listens on. */
static inline uint16_t unused_port(void)
{
	AUTO_FD fd = listen_on(0);

	return port_of(fd);
}

static inline int connect_to(uint16_t port)
{
	struct sockaddr_in a = here(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (void *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline int send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	for (ssize_t n; len; at += n, len -= (size_t)n) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return -1;
	}
	return 0;
}

static inline int receive_all(int fd, void *data, size_t len)
{
	return recv(fd, data, len, MSG_WAITALL) == (ssize_t)len ? 0 : -1;
}

/* Its last close is a reset. */
static inline void will_reset(int fd)
{
	const struct linger at_once = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* --- a service --- */

struct service {
	int listening;
	uint16_t port;
	void (*talk)(int fd);
	pthread_t thread;
};

struct talk {
	int fd;
	void (*talk)(int fd);
};

static inline void *talk_to_one(void *arg)
{
	struct talk t = *(struct talk *)arg;

	free(arg);
	t.talk(t.fd);
	close(t.fd);
	return NULL;
}

static inline void *talk_to_all(void *arg)
{
	struct service *s = arg;
	pthread_t thread;
	int fd;

	while ((fd = accept(s->listening, NULL, NULL)) >= 0) {
		struct talk *t = malloc(sizeof(*t));
		*t = (struct talk){fd, s->talk};
		pthread_create(&thread, NULL, talk_to_one, t);
		pthread_detach(thread);
	}
	return NULL;
}

static inline void service_start(struct service *s, uint16_t port, void (*talk)(int fd))
{
	s->talk = talk;
	s->listening = listen_on(port);
	assert_true(s->listening >= 0);
	s->port = port_of(s->listening);
	assert_int_equal(pthread_create(&s->thread, NULL, talk_to_all, s), 0);
}

static inline void service_stop(struct service *s)
{
	shutdown(s->listening, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listening);
}

static inline void echo(int fd)
{
	char data[16384];
	ssize_t n;

	while ((n = recv(fd, data, sizeof(data), 0)) > 0)
		if (send_all(fd, data, (size_t)n) < 0)
			return;
}

/* --- a relay --- */

struct relay_child {
	pid_t pid;
	int stop; /* closing it stops the relay */
};

static inline bool is_needed(int fd, const struct relay_port *ports, size_t n, int stop_fd)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i].socket == fd)
			return true;
	return fd == stop_fd || fd <= STDERR_FILENO;
}

/* files: as many as the relay may open; 0: as we do. */
static inline void relay_start(struct relay_child *r, const struct relay_port *ports, size_t n,
	unsigned drain_ms, rlim_t files)
{
	const struct rlimit few = {files, files};
	struct err err;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	r->stop = ends[1];
	r->pid = fork();
	if (r->pid == 0) {
		for (int fd = 0; fd < 1024; fd++)
			if (!is_needed(fd, ports, n, ends[0]))
				close(fd);
		if (files)
			setrlimit(RLIMIT_NOFILE, &few);
		_exit(relay_run(ports, n, ends[0], drain_ms, &err) < 0);
	}
	close(ends[0]);
}

static inline void relay_stop(struct relay_child *r)
{
	close(fd_take(&r->stop));
}

/* Waits for its end. */
static inline void relay_ends(struct relay_child *r)
{
	int status;

	cleanup_fd(&r->stop);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#endif
