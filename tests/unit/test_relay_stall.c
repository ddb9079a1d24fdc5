/* SPDX-License-Identifier: Apache-2.0 */
/* What no client may bring about: a relay that spins, or one that sleeps beside who waits. */
#include <errno.h>
#include <time.h>

#include "tests/unit/relay_world.h"

#define IDLE_MS 200 /* for each script */
#define BUSY_MS 100 /* of processor time for all of them; one that spins takes 600 */
#define LAST 8
#define PATIENCE_S 10 /* what has not come by then does not come */

/* --- urgent data --- */

/* What is sent, byte by byte; a capital letter is urgent, and does not arrive. */
static const struct script {
	const char *sent, *arrives;
} scripts[] = {{"Xyy", "yy"}, {"abXcd", "abcd"}, {"abX", "ab"}};

static pid_t relay_pid;

/* The relay finds all of it at once. */
static int speak(int fd, const char *script, bool is_last)
{
	int result = 0;

	kill(relay_pid, SIGSTOP);
	waitpid(relay_pid, NULL, WUNTRACED);
	for (const char *c = script; *c; c++)
		if (send(fd, c, 1, MSG_NOSIGNAL | (*c < 'a' ? MSG_OOB : 0)) != 1)
			result = -1;
	if (is_last)
		shutdown(fd, SHUT_WR);
	kill(relay_pid, SIGCONT);
	return result;
}

/* Is told by a number which script to speak, and by LAST that it ends with it. */
static void speak_when_asked(int fd)
{
	unsigned char which;

	while (recv(fd, &which, 1, 0) == 1)
		if (speak(fd, scripts[which % LAST].sent, which >= LAST) < 0)
			return;
}

static uint64_t cpu_ms(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &used), 0);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

struct world {
	struct service service;
	struct relay_port port;
	struct relay_child relay;
};

static void world_open(struct world *w, void (*talk)(int fd))
{
	service_start(&w->service, 0, talk);
	w->port = (struct relay_port){.socket = listen_on(0), .inside = w->service.port};
	relay_start(&w->relay, &w->port, 1, LONG_MS, 0);
	relay_pid = w->relay.pid;
}

static void world_close(struct world *w)
{
	relay_ends(&w->relay);
	close(w->port.socket);
	service_stop(&w->service);
}

/* A connection that is served, and is not waited for for ever. */
static int connect_patiently(uint16_t port)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = connect_to(port);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void play(int fd, bool is_by_client, unsigned char which, bool is_last)
{
	unsigned char word = (unsigned char)(which + LAST * is_last);

	assert_int_equal(
		is_by_client ? speak(fd, scripts[which].sent, is_last) : send_all(fd, &word, 1), 0);
}

static void arrives(int fd, const char *expected)
{
	char data[16];

	assert_int_equal(receive_all(fd, data, strlen(expected)), 0);
	assert_memory_equal(data, expected, strlen(expected));
}

/* By a client whose service gives all back, or by a service. */
static void urgent_data_does_not_stop_the_rest(bool is_by_client)
{
	struct world w;

	world_open(&w, is_by_client ? echo : speak_when_asked);
	AUTO_FD fd = connect_patiently(port_of(w.port.socket));
	uint64_t before_ms = cpu_ms(w.relay.pid);
	for (unsigned char i = 0; i < ARRAY_LEN(scripts); i++) {
		play(fd, is_by_client, i, false);
		clock_sleep_ms(IDLE_MS);
	}
	assert_in_range(cpu_ms(w.relay.pid) - before_ms, 0, BUSY_MS);
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		arrives(fd, scripts[i].arrives);
	close(fd_take(&fd));
	world_close(&w);
}

static void urgent_data_of_a_client_does_not_stop_the_rest(void **state)
{
	(void)state;
	urgent_data_does_not_stop_the_rest(true);
}

static void urgent_data_of_a_service_does_not_stop_the_rest(void **state)
{
	(void)state;
	urgent_data_does_not_stop_the_rest(false);
}

static void urgent_data_before_the_end_loses_nothing(void **state)
{
	struct world w;
	char more;

	(void)state;
	for (unsigned by_client = 0; by_client < 2; by_client++) {
		world_open(&w, by_client ? echo : speak_when_asked);
		for (unsigned char i = 0; i < ARRAY_LEN(scripts); i++) {
			AUTO_FD fd = connect_patiently(port_of(w.port.socket));
			play(fd, by_client, i, true);
			arrives(fd, scripts[i].arrives);
			assert_int_equal(recv(fd, &more, 1, 0), 0);
		}
		world_close(&w);
	}
}

/* --- a place that becomes free --- */

/* The last place is taken by a client of a service that never comes. */
static void who_waits_is_served_when_a_service_was_given_up(void **state)
{
	struct relay_port ports[2] = {
		{.socket = listen_on(0)}, {.socket = listen_on(0), .inside = unused_port()}};
	struct relay_child relay;
	struct service s;
	char byte;

	(void)state;
	service_start(&s, 0, echo);
	ports[0].inside = s.port;
	relay_start(&relay, ports, 2, LONG_MS, 64 + RELAY_UDP_MAX + 2 * 6);
	AUTO_FD idle = connect_patiently(port_of(ports[0].socket));
	assert_int_equal(send_all(idle, "x", 1), 0);
	assert_int_equal(receive_all(idle, &byte, 1), 0);
	AUTO_FD unserved = connect_patiently(port_of(ports[1].socket));
	assert_int_equal(recv(unserved, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	AUTO_FD fd = connect_patiently(port_of(ports[0].socket));
	assert_int_equal(send_all(fd, "y", 1), 0);
	assert_int_equal(receive_all(fd, &byte, 1), 0);
	close(fd_take(&idle));
	close(fd_take(&fd));
	relay_ends(&relay);
	close(ports[0].socket);
	close(ports[1].socket);
	service_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urgent_data_of_a_client_does_not_stop_the_rest),
		cmocka_unit_test(urgent_data_of_a_service_does_not_stop_the_rest),
		cmocka_unit_test(urgent_data_before_the_end_loses_nothing),
		cmocka_unit_test(who_waits_is_served_when_a_service_was_given_up),
	};

	alarm(60); /* what hangs, fails */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
