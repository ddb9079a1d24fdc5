/* SPDX-License-Identifier: Apache-2.0 */
/* Is it ready? A server that gives one answer of any kind is asked. */
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "io/probe.h"
#include "tests/unit/unit.h"

#define SHORT_MS 100
#define LONG_MS 5000 /* never used up */
#define QUESTION_LEN 512

struct server {
	int listening;
	uint16_t port;
	const char *answer;
	bool hangs;      /* behind its answer */
	bool never_ends; /* its answer comes again and again */
	char question[QUESTION_LEN];
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	AUTO_FD fd = accept(s->listening, NULL, NULL);
	ssize_t n = recv(fd, s->question, QUESTION_LEN - 1, 0);
	char byte;

	s->question[n > 0 ? n : 0] = '\0';
	do
		n = send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL);
	while (s->never_ends && n > 0);
	if (s->hangs)
		while (recv(fd, &byte, 1, 0) > 0)
			;
	return NULL;
}

static void start(struct server *s, int family)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(v6);
	struct sockaddr *a = family == AF_INET ? (void *)&v4 : (void *)&v6;

	s->listening = socket(family, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listening, a, len), 0);
	assert_int_equal(listen(s->listening, 8), 0);
	assert_int_equal(getsockname(s->listening, a, &len), 0);
	s->port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->listening);
}

static int ask(struct server *s, const char *host, const char *path, unsigned ms, struct err *err)
{
	char url[128];

	start(s, *host == '[' ? AF_INET6 : AF_INET);
	snprintf(url, sizeof(url), "http://%s:%u%s", host, s->port, path);
	int result = probe_http(url, ms, err);
	stop(s);
	return result;
}

static int ask_for(const char *answer, struct err *err)
{
	struct server s = {.answer = answer};

	return ask(&s, "localhost", "/", LONG_MS, err);
}

static void statuses_from_200_to_399_are_ready(void **state)
{
	struct err err;

	(void)state;
	assert_works(ask_for("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &err));
	assert_works(ask_for("HTTP/1.0 204\r\n\r\n", &err));
	assert_works(ask_for("HTTP/1.1 301 Moved\r\nLocation: http://x.invalid/\r\n\r\n", &err));
	assert_works(ask_for("HTTP/1.1 399\nA: b\n\n", &err));
}

static void others_are_not(void **state)
{
	struct err err;

	(void)state;
	assert_fails(ask_for("HTTP/1.1 404 Not Found\r\n\r\n", &err), OTA_UNHEALTHY);
	assert_non_null(strstr(err.msg, "answers 404"));
	assert_fails(ask_for("HTTP/1.1 500 Oh\r\n\r\n", &err), OTA_UNHEALTHY);
	assert_fails(ask_for("HTTP/1.1 199 Low\r\n\r\n", &err), OTA_UNHEALTHY);
	assert_fails(ask_for("HTTP/1.1 400 High\r\n\r\n", &err), OTA_UNHEALTHY);
}

static void what_is_not_http_is_not_ready(void **state)
{
	static const char *const answers[] = {"", "HTTP/1.1 20", "HTTP/1.1 2000 \r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n", "\r\nHTTP/1.1 200 OK\r\n"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		assert_fails(ask_for(answers[i], &err), OTA_UNHEALTHY);
}

static void an_answer_comes_in_time_or_not_at_all(void **state)
{
	struct server silent = {.answer = "", .hangs = true};
	struct server slow = {.answer = "HTTP/1.1 ", .hangs = true};
	struct err err;

	(void)state;
	assert_fails(ask(&silent, "localhost", "/", SHORT_MS, &err), OTA_UNHEALTHY);
	assert_non_null(strstr(err.msg, "in time"));
	assert_fails(ask(&slow, "localhost", "/", SHORT_MS, &err), OTA_UNHEALTHY);
}

static void behind_the_status_nothing_matters(void **state)
{
	struct server hangs = {.answer = "HTTP/1.1 200 OK\r\nA: ", .hangs = true};
	struct server endless = {.answer = "HTTP/1.1 200 OK\r\nA: b", .never_ends = true};
	struct server noise = {.answer = "noise", .never_ends = true};
	struct err err;

	(void)state;
	assert_works(ask(&hangs, "localhost", "/", SHORT_MS, &err));
	assert_works(ask(&endless, "localhost", "/", LONG_MS, &err));
	assert_fails(ask(&noise, "localhost", "/", LONG_MS, &err), OTA_UNHEALTHY);
}

static void it_asks_for_what_the_url_says(void **state)
{
	struct server named = {.answer = "HTTP/1.1 200 OK\r\n\r\n"};
	struct server v4 = named, v6 = named;
	char host[64];
	struct err err;

	(void)state;
	assert_works(ask(&named, "localhost", "/health?a=b", LONG_MS, &err));
	assert_ptr_equal(strstr(named.question, "GET /health?a=b HTTP/1.1\r\n"), named.question);
	snprintf(host, sizeof(host), "\r\nHost: localhost:%u\r\n", named.port);
	assert_non_null(strstr(named.question, host));
	assert_works(ask(&v4, "127.0.0.1", "", LONG_MS, &err));
	assert_ptr_equal(strstr(v4.question, "GET / HTTP/1.1\r\n"), v4.question);
	assert_works(ask(&v6, "[::1]", "/", LONG_MS, &err));
	snprintf(host, sizeof(host), "\r\nHost: [::1]:%u\r\n", v6.port);
	assert_non_null(strstr(v6.question, host));
}

static void urls_that_cannot_be_asked_are_refused(void **state)
{
	static const char *const urls[] = {"", "https://localhost/", "http:///",
		"http://localhost:0/", "http://localhost:65536/", "http://localhost:/",
		"http://localhost:8x/", "http://localhost:4294967376/", "http://example.invalid/",
		"http://[::1/", "http://[::1]80/", "http://[]/", "http://[", "http://[127.0.0.1]/",
		"http://::1/", "http://localhost/\r\nA: b", "http://localhost/a b",
		"http://localhost/#a", "http://localhost?a", "http://a@localhost/", "http://127.1/",
		"http://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]/"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		assert_fails(probe_http(urls[i], SHORT_MS, &err), OTA_USAGE);
}

static void whoever_accepts_is_ready(void **state)
{
	struct server v4 = {.answer = ""}, v6 = v4;
	struct err err;

	(void)state;
	start(&v4, AF_INET);
	assert_works(probe_tcp(v4.port, LONG_MS, &err));
	stop(&v4);
	start(&v6, AF_INET6);
	assert_works(probe_tcp(v6.port, LONG_MS, &err));
	stop(&v6);
	assert_fails(probe_tcp(v4.port, LONG_MS, &err), OTA_UNHEALTHY);
	assert_non_null(strstr(err.msg, "refused"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_from_200_to_399_are_ready),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(what_is_not_http_is_not_ready),
		cmocka_unit_test(an_answer_comes_in_time_or_not_at_all),
		cmocka_unit_test(behind_the_status_nothing_matters),
		cmocka_unit_test(it_asks_for_what_the_url_says),
		cmocka_unit_test(urls_that_cannot_be_asked_are_refused),
		cmocka_unit_test(whoever_accepts_is_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
