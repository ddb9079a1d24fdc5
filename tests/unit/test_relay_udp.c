/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of datagrams, with real sockets. */
#include <arpa/inet.h>
#include <poll.h>

#include "tests/unit/relay_world.h"

#define DRAIN_MS 200

/* Answers each datagram by itself, until there is an empty one. */
static void *echo_datagrams(void *arg)
{
	struct sockaddr_in6 from;
	int fd = *(int *)arg;
	char data[65536];

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0, (void *)&from, &len);

		if (n <= 0)
			return NULL;
		sendto(fd, data, (size_t)n, 0, (void *)&from, len);
	}
}

struct world {
	int inside, outside;
	struct relay_child relay;
	pthread_t thread;
};

/* A socket of any address of the machine. */
static int bind_all(int family)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (family == AF_INET)
		assert_int_equal(bind(fd, (void *)&v4, sizeof(v4)), 0);
	else
		assert_int_equal(bind(fd, (void *)&v6, sizeof(v6)), 0);
	return fd;
}

static void world_open_at(struct world *w, int inside, int family)
{
	w->inside = inside;
	w->outside = bind_all(family);
	const struct relay_port port = {
		.socket = w->outside, .is_udp = true, .inside = port_of(w->inside)};
	relay_start(&w->relay, &port, 1, DRAIN_MS, 0);
	pthread_create(&w->thread, NULL, echo_datagrams, &w->inside);
}

static void world_open(struct world *w, int family)
{
	world_open_at(w, bind_all(AF_INET), family);
}

static void world_close(struct world *w)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	/* an address of any is reached as the loopback's */
	assert_int_equal(getsockname(w->inside, (void *)&a, &len), 0);
	relay_ends(&w->relay);
	sendto(w->inside, "", 0, 0, (void *)&a, len);
	pthread_join(w->thread, NULL);
	close(w->inside);
	close(w->outside);
}

/* A client that hears only the address that it speaks to. */
static int speak_to(const char *address, uint16_t port)
{
	struct sockaddr_in a = here(port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = inet_addr(address);
	assert_int_equal(connect(fd, (void *)&a, sizeof(a)), 0);
	return fd;
}

static void ask(int fd, const char *text)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t len = strlen(text);
	char data[64];

	assert_int_equal(send(fd, text, len, 0), len);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(recv(fd, data, sizeof(data), 0), len);
	assert_memory_equal(data, text, len);
}

static void answers_find_their_clients(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, AF_INET);
	AUTO_FD a = speak_to("127.0.0.1", port_of(w.outside));
	AUTO_FD b = speak_to("127.0.0.1", port_of(w.outside));
	ask(a, "one");
	ask(b, "two");
	ask(a, "three");
	world_close(&w);
}

static void an_answer_comes_from_where_it_was_asked(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		world_open(&w, i ? AF_INET6 : AF_INET);
		AUTO_FD fd = speak_to("127.0.0.9", port_of(w.outside));
		ask(fd, "here");
		world_close(&w);
	}
}

static void the_largest_datagram_is_passed_on(void **state)
{
	static char data[65507], back[65536];
	struct world w;

	(void)state;
	world_open(&w, AF_INET);
	AUTO_FD fd = speak_to("127.0.0.1", port_of(w.outside));
	memset(data, 'x', sizeof(data));
	assert_int_equal(send(fd, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(recv(fd, back, sizeof(back), 0), sizeof(data));
	assert_memory_equal(data, back, sizeof(data));
	world_close(&w);
}

static void more_clients_than_there_is_room_for_are_all_answered(void **state)
{
	int fds[RELAY_UDP_MAX + 8];
	struct world w;

	(void)state;
	world_open(&w, AF_INET);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = speak_to("127.0.0.1", port_of(w.outside));
		ask(fds[i], "hello");
	}
	ask(fds[0], "again"); /* whose place another has taken */
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	world_close(&w);
}

static int bind_v6_alone(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&a, sizeof(a)), 0);
	return fd;
}

/* What each client sends before the service's address is known is lost, but not for ever. */
static void a_service_of_ipv6_alone_is_reached_by_clients_that_come_at_once(void **state)
{
	int fds[2], answered = 0;
	struct world w;
	char data[8];

	(void)state;
	world_open_at(&w, bind_v6_alone(), AF_INET);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = speak_to("127.0.0.1", port_of(w.outside));
	for (unsigned i = 0; i < 20 && answered != 3; i++) {
		kill(w.relay.pid, SIGSTOP);
		waitpid(w.relay.pid, NULL, WUNTRACED);
		for (size_t k = 0; k < ARRAY_LEN(fds); k++)
			assert_int_equal(send(fds[k], "hello", 5, 0), 5);
		kill(w.relay.pid, SIGCONT);
		clock_sleep_ms(50);
		for (size_t k = 0; k < ARRAY_LEN(fds); k++)
			if (recv(fds[k], data, sizeof(data), MSG_DONTWAIT) == 5)
				answered |= 1 << k;
	}
	assert_int_equal(answered, 3);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	world_close(&w);
}

static void a_stop_leaves_new_datagrams_to_the_other(void **state)
{
	struct world w;
	char data[8];

	(void)state;
	world_open(&w, AF_INET);
	AUTO_FD fd = speak_to("127.0.0.1", port_of(w.outside));
	ask(fd, "first");
	relay_stop(&w.relay);
	assert_int_equal(send(fd, "later", 5, 0), 5);
	clock_sleep_ms(50); /* for a relay that would take it */
	assert_int_equal(recv(w.outside, data, sizeof(data), 0), 5);
	assert_memory_equal(data, "later", 5);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_find_their_clients),
		cmocka_unit_test(an_answer_comes_from_where_it_was_asked),
		cmocka_unit_test(the_largest_datagram_is_passed_on),
		cmocka_unit_test(more_clients_than_there_is_room_for_are_all_answered),
		cmocka_unit_test(a_service_of_ipv6_alone_is_reached_by_clients_that_come_at_once),
		cmocka_unit_test(a_stop_leaves_new_datagrams_to_the_other),
	};

	alarm(60); /* what hangs, fails */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
