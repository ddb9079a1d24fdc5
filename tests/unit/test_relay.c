/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of TCP and UDP, with real sockets: what goes in comes out, and a stop loses nothing. */
#include <errno.h>
#include <poll.h>

#include "tests/unit/relay_world.h"

#define BULK (8u << 20)
#define MANY 50
#define STORM_CLIENTS 8
#define STORM_REQUESTS 100
#define HELD_MAX (64u << 20) /* what the kernel's own buffers may take, generously */

/* A relay of one port in front of a service. */
struct world {
	struct service service;
	int listening;
	uint16_t port;
	struct relay_child relay;
};

static void world_open(struct world *w, void (*talk)(int fd), unsigned drain_ms)
{
	service_start(&w->service, 0, talk);
	w->listening = listen_on(0);
	w->port = port_of(w->listening);
	const struct relay_port port = {.socket = w->listening, .inside = w->service.port};
	relay_start(&w->relay, &port, 1, drain_ms, 0);
}

static void world_close(struct world *w)
{
	relay_ends(&w->relay);
	close(w->listening);
	service_stop(&w->service);
}

/* --- bytes --- */

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	return *seed ^= *seed << 5;
}

static void *send_bulk(void *arg)
{
	uint32_t seed = 1, words[4096];
	int fd = *(int *)arg;

	for (size_t sent = 0; sent < BULK; sent += sizeof(words)) {
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			words[i] = next(&seed);
		if (send_all(fd, words, sizeof(words)) < 0)
			return arg;
	}
	shutdown(fd, SHUT_WR);
	return NULL;
}

static void many_bytes_go_both_ways_unchanged(void **state)
{
	uint32_t seed = 1, words[4096];
	pthread_t thread;
	struct world w;
	void *failed;
	char more;

	(void)state;
	world_open(&w, echo, LONG_MS);
	AUTO_FD fd = connect_to(w.port);
	pthread_create(&thread, NULL, send_bulk, &fd);
	for (size_t got = 0; got < BULK; got += sizeof(words)) {
		assert_int_equal(receive_all(fd, words, sizeof(words)), 0);
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (words[i] != next(&seed))
				fail_msg("another byte came at %zu", got + i);
	}
	assert_int_equal(recv(fd, &more, 1, 0), 0);
	pthread_join(thread, &failed);
	assert_null(failed);
	world_close(&w);
}

static void count_to_the_end(int fd)
{
	uint32_t total = 0;
	char data[1024];
	ssize_t n;

	while ((n = recv(fd, data, sizeof(data), 0)) > 0)
		total += (uint32_t)n;
	if (n == 0)
		send_all(fd, &total, sizeof(total));
}

static void a_half_close_is_passed_on(void **state)
{
	uint32_t total = 0;
	struct world w;

	(void)state;
	world_open(&w, count_to_the_end, LONG_MS);
	AUTO_FD fd = connect_to(w.port);
	assert_int_equal(send_all(fd, "12345", 5), 0);
	shutdown(fd, SHUT_WR);
	assert_int_equal(receive_all(fd, &total, sizeof(total)), 0);
	assert_int_equal(total, 5);
	assert_int_equal(recv(fd, &total, 1, 0), 0);
	world_close(&w);
}

static void greet_and_reset(int fd)
{
	char byte;

	if (recv(fd, &byte, 1, 0) == 1 && send_all(fd, "hello", 5) == 0)
		will_reset(fd);
}

static int heard_end;

static void hear_the_end(int fd)
{
	char byte;

	send_all(fd, "x", 1);
	ssize_t n = recv(fd, &byte, 1, 0);
	__atomic_store_n(&heard_end, n < 0 ? errno : -1, __ATOMIC_SEQ_CST);
}

static void a_reset_is_passed_on_to_the_client(void **state)
{
	struct world w;
	char data[5];

	(void)state;
	world_open(&w, greet_and_reset, LONG_MS);
	AUTO_FD fd = connect_to(w.port);
	assert_int_equal(send_all(fd, "x", 1), 0);
	assert_int_equal(receive_all(fd, data, 5), 0);
	assert_int_equal(recv(fd, data, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	world_close(&w);
}

static void a_reset_is_passed_on_to_the_service(void **state)
{
	struct world w;
	char byte;

	(void)state;
	heard_end = 0;
	world_open(&w, hear_the_end, LONG_MS);
	int fd = connect_to(w.port);
	assert_int_equal(receive_all(fd, &byte, 1), 0);
	will_reset(fd);
	close(fd);
	while (!__atomic_load_n(&heard_end, __ATOMIC_SEQ_CST))
		clock_sleep_ms(1);
	assert_int_equal(heard_end, ECONNRESET);
	world_close(&w);
}

static void many_connections_are_kept_apart(void **state)
{
	int fds[MANY], got;
	struct world w;

	(void)state;
	world_open(&w, echo, LONG_MS);
	for (int i = 0; i < MANY; i++) {
		fds[i] = connect_to(w.port);
		assert_int_equal(send_all(fds[i], &i, sizeof(i)), 0);
	}
	for (int i = MANY - 1; i >= 0; i--) {
		assert_int_equal(receive_all(fds[i], &got, sizeof(got)), 0);
		assert_int_equal(got, i);
		close(fds[i]);
	}
	world_close(&w);
}

/* --- a service that is not there --- */

static void a_service_that_comes_a_moment_later_loses_nothing(void **state)
{
	struct relay_port port = {.socket = listen_on(0), .inside = unused_port()};
	struct relay_child relay;
	struct service s;
	char data[5];

	(void)state;
	relay_start(&relay, &port, 1, LONG_MS, 0);
	AUTO_FD fd = connect_to(port_of(port.socket));
	assert_int_equal(send_all(fd, "early", 5), 0);
	clock_sleep_ms(200);
	service_start(&s, port.inside, echo);
	assert_int_equal(receive_all(fd, data, 5), 0);
	assert_memory_equal(data, "early", 5);
	close(fd_take(&fd));
	relay_ends(&relay);
	close(port.socket);
	service_stop(&s);
}

static void a_service_that_never_comes_is_a_reset(void **state)
{
	struct relay_port port = {.socket = listen_on(0), .inside = unused_port()};
	struct relay_child relay;
	char byte;

	(void)state;
	relay_start(&relay, &port, 1, LONG_MS, 0);
	AUTO_FD fd = connect_to(port_of(port.socket));
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	relay_ends(&relay);
	close(port.socket);
}

static void a_service_of_ipv6_alone_is_reached(void **state)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	struct service s = {.listening = socket(AF_INET6, SOCK_STREAM, 0), .talk = echo};
	struct relay_port port = {.socket = listen_on(0)};
	struct relay_child relay;
	char data[5];

	(void)state;
	assert_int_equal(bind(s.listening, (void *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s.listening, 8), 0);
	pthread_create(&s.thread, NULL, talk_to_all, &s);
	port.inside = port_of(s.listening);
	relay_start(&relay, &port, 1, LONG_MS, 0);
	AUTO_FD fd = connect_to(port_of(port.socket));
	assert_int_equal(send_all(fd, "hello", 5), 0);
	assert_int_equal(receive_all(fd, data, 5), 0);
	close(fd_take(&fd));
	relay_ends(&relay);
	close(port.socket);
	service_stop(&s);
}

/* --- bounds --- */

static size_t private_kib(pid_t pid)
{
	char path[64], line[256];
	size_t sum = 0, kib;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Private_%*[^:]: %zu", &kib) == 1)
			sum += kib;
	fclose(f);
	return sum;
}

static uint32_t poured;

/* As much as is taken, until nothing was for a while; then the end. */
static void pour(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	uint32_t total = 0;
	char data[16384];

	memset(data, 'x', sizeof(data));
	while (total < 2 * HELD_MAX && poll(&p, 1, 300) > 0) {
		ssize_t n = send(fd, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
		total += n > 0 ? (uint32_t)n : 0;
	}
	__atomic_store_n(&poured, total, __ATOMIC_SEQ_CST);
}

static void a_reader_that_does_not_read_holds_its_writer_back(void **state)
{
	char data[65536];
	uint32_t got = 0;
	struct world w;
	ssize_t n;

	(void)state;
	poured = 0;
	world_open(&w, pour, LONG_MS);
	AUTO_FD fd = connect_to(w.port);
	AUTO_FD other = connect_to(w.port);
	while (recv(other, data, 1, MSG_PEEK) != 1)
		;
	size_t before = private_kib(w.relay.pid);
	while (!__atomic_load_n(&poured, __ATOMIC_SEQ_CST))
		clock_sleep_ms(10);
	assert_in_range(poured, 1, HELD_MAX);
	assert_true(private_kib(w.relay.pid) < before + 256);
	close(fd_take(&other));
	while ((n = recv(fd, data, sizeof(data), 0)) > 0)
		got += (uint32_t)n;
	assert_true(got >= 65536);
	close(fd_take(&fd));
	world_close(&w);
}

static void one_too_many_waits_its_turn(void **state)
{
	struct relay_port port = {.socket = listen_on(0)};
	struct relay_child relay;
	struct service s;
	int fds[3];
	char byte;

	(void)state;
	service_start(&s, 0, echo);
	port.inside = s.port;
	relay_start(&relay, &port, 1, LONG_MS, 64 + RELAY_UDP_MAX + 2 * 6);
	for (int i = 0; i < 3; i++) {
		fds[i] = connect_to(port_of(port.socket));
		assert_int_equal(send_all(fds[i], "x", 1), 0);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(receive_all(fds[i], &byte, 1), 0);
	struct pollfd p = {.fd = fds[2], .events = POLLIN};
	assert_int_equal(poll(&p, 1, 100), 0);
	close(fds[0]);
	assert_int_equal(receive_all(fds[2], &byte, 1), 0);
	close(fds[1]);
	close(fds[2]);
	relay_ends(&relay);
	close(port.socket);
	service_stop(&s);
}

/* --- stopping --- */

static void a_stop_lets_go_on_what_is_there(void **state)
{
	struct world w;
	char data[5];

	(void)state;
	world_open(&w, echo, LONG_MS);
	AUTO_FD fd = connect_to(w.port);
	assert_int_equal(send_all(fd, "first", 5), 0);
	assert_int_equal(receive_all(fd, data, 5), 0);
	relay_stop(&w.relay);
	/* who comes now is left in the queue, which is ours as well */
	AUTO_FD late = connect_to(w.port);
	assert_int_equal(send_all(late, "later", 5), 0);
	assert_int_equal(send_all(fd, "again", 5), 0);
	assert_int_equal(receive_all(fd, data, 5), 0);
	assert_memory_equal(data, "again", 5);
	close(fd_take(&fd));
	relay_ends(&w.relay);
	AUTO_FD left = accept(w.listening, NULL, NULL);
	assert_int_equal(receive_all(left, data, 5), 0);
	assert_memory_equal(data, "later", 5);
	close(w.listening);
	service_stop(&w.service);
}

static void an_idle_connection_is_closed_in_the_end(void **state)
{
	struct world w;
	char byte;

	(void)state;
	world_open(&w, echo, 100);
	AUTO_FD fd = connect_to(w.port);
	assert_int_equal(send_all(fd, "x", 1), 0);
	assert_int_equal(receive_all(fd, &byte, 1), 0);
	relay_stop(&w.relay);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	world_close(&w);
}

/* --- the storm --- */

struct storm {
	uint16_t port;
	unsigned done, lost;
};

static void *make_requests(void *arg)
{
	struct storm *s = arg;
	char answer[4];

	for (unsigned i = 0; i < STORM_REQUESTS; i++) {
		AUTO_FD fd = connect_to(s->port);

		if (fd < 0 || send_all(fd, "ping", 4) < 0 || receive_all(fd, answer, 4) < 0 ||
			memcmp(answer, "ping", 4))
			__atomic_add_fetch(&s->lost, 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&s->done, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* One relay after the other takes over while requests come without a pause. */
static void a_handover_in_a_storm_loses_nothing(void **state)
{
	struct relay_child relays[4];
	pthread_t threads[STORM_CLIENTS];
	struct service s;
	struct relay_port port = {.socket = listen_on(0)};
	struct storm storm = {.port = port_of(port.socket)};
	const unsigned all = STORM_CLIENTS * STORM_REQUESTS;

	(void)state;
	service_start(&s, 0, echo);
	port.inside = s.port;
	for (unsigned i = 0; i < ARRAY_LEN(relays); i++)
		relay_start(&relays[i], &port, 1, LONG_MS, 0);
	for (unsigned i = 0; i < STORM_CLIENTS; i++)
		pthread_create(&threads[i], NULL, make_requests, &storm);
	for (unsigned i = 0; i + 1 < ARRAY_LEN(relays); i++) {
		while (__atomic_load_n(&storm.done, __ATOMIC_SEQ_CST) < (i + 1) * all / 5)
			clock_sleep_ms(1);
		relay_ends(&relays[i]);
	}
	assert_true(storm.done < all); /* it did blow all the time */
	for (unsigned i = 0; i < STORM_CLIENTS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(storm.done, all);
	assert_int_equal(storm.lost, 0);
	relay_ends(&relays[ARRAY_LEN(relays) - 1]);
	close(port.socket);
	service_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_bytes_go_both_ways_unchanged),
		cmocka_unit_test(a_half_close_is_passed_on),
		cmocka_unit_test(a_reset_is_passed_on_to_the_client),
		cmocka_unit_test(a_reset_is_passed_on_to_the_service),
		cmocka_unit_test(many_connections_are_kept_apart),
		cmocka_unit_test(a_service_that_comes_a_moment_later_loses_nothing),
		cmocka_unit_test(a_service_that_never_comes_is_a_reset),
		cmocka_unit_test(a_service_of_ipv6_alone_is_reached),
		cmocka_unit_test(a_reader_that_does_not_read_holds_its_writer_back),
		cmocka_unit_test(one_too_many_waits_its_turn),
		cmocka_unit_test(a_stop_lets_go_on_what_is_there),
		cmocka_unit_test(an_idle_connection_is_closed_in_the_end),
		cmocka_unit_test(a_handover_in_a_storm_loses_nothing),
	};

	alarm(60); /* what hangs, fails */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
