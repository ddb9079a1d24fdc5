/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load client that counts what it loses:
 *   load --to HOST:PORT|unix:PATH [OPTION...]     HOST is an address of IPv4
 *   --path PATH          what is asked for: /
 *   --clients N          8; each asks, takes the whole answer, and asks again
 *   --requests N         of all clients together; 0, the default, for no end
 *   --until FILE         ends when it is there; so does SIGTERM
 *   --keep-alive         one connection for many requests, as long as the server agrees
 *   --rate N             requests a second of each client; as many as go unless said otherwise
 *   --timeout MS         of a request: 5000
 * Prints one JSON object: how many were answered, how many failed in which way, the longest time
 * that a client went without an answer, and how often each body, which is a version, came. A client
 * that failed pauses for 10 ms. Nothing is asked twice: a kept connection that the server closed
 * with no word is a failure. The exit status is 0 when none failed.
 */
#include "load.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define VERSIONS_MAX 8
#define PAUSE_NS (10 * NS_PER_MS)

static const char *const outcome_words[] = {
	"answered", "refused", "reset", "short", "timeout", "status", "other"};

struct client {
	pthread_t thread;
	struct line line;
	uint64_t gap_ns;
	unsigned long outcomes[N_OUTCOMES];
};

static struct {
	char name[64];
	unsigned long n;
} versions[VERSIONS_MAX];
static pthread_mutex_t versions_lock = PTHREAD_MUTEX_INITIALIZER;

static struct load load;
static atomic_ulong n_asked;
static volatile sig_atomic_t is_stopping;

static void count_version(const char *body)
{
	int len = (int)strcspn(body, "\n");

	pthread_mutex_lock(&versions_lock);
	for (int i = 0; i < VERSIONS_MAX; i++) {
		if (!versions[i].n)
			snprintf(versions[i].name, sizeof(versions[i].name), "%.*s", len, body);
		if ((int)strlen(versions[i].name) != len || strncmp(versions[i].name, body, len))
			continue;
		versions[i].n++;
		break;
	}
	pthread_mutex_unlock(&versions_lock);
}

static bool is_done(void)
{
	return is_stopping ||
	       (load.n_requests && atomic_fetch_add(&n_asked, 1) >= load.n_requests) ||
	       (load.until && access(load.until, F_OK) == 0);
}

static void *run(void *arg)
{
	struct client *c = arg;
	uint64_t answered_ns = clock_ns(), next_ns = answered_ns;

	while (!is_done()) {
		enum outcome outcome = line_ask(&load, &c->line);
		uint64_t now_ns = clock_ns();
		c->outcomes[outcome]++;
		if (now_ns - answered_ns > c->gap_ns)
			c->gap_ns = now_ns - answered_ns;
		if (outcome == ANSWERED) {
			answered_ns = now_ns;
			count_version(c->line.body);
		} else {
			clock_sleep_until(now_ns + PAUSE_NS);
		}
		if (load.rate)
			clock_sleep_until(next_ns += NS_PER_S / load.rate);
	}
	line_close(&c->line);
	return NULL;
}

/* Gives how many failed. */
static unsigned long print(const struct client *clients, uint64_t took_ns)
{
	unsigned long sums[N_OUTCOMES] = {0}, failed = 0;
	uint64_t gap_ns = 0;

	for (unsigned long i = 0; i < load.n_clients; i++) {
		for (int o = 0; o < N_OUTCOMES; o++)
			sums[o] += clients[i].outcomes[o];
		if (clients[i].gap_ns > gap_ns)
			gap_ns = clients[i].gap_ns;
	}
	for (int o = 0; o < N_OUTCOMES; o++) {
		printf("%s\"%s\": %lu", o ? ", " : "{", outcome_words[o], sums[o]);
		failed += o == ANSWERED ? 0 : sums[o];
	}
	printf(", \"failed\": %lu, \"longest_gap_ms\": %.1f, \"seconds\": %.3f, \"versions\": {",
		failed, (double)gap_ns / NS_PER_MS, (double)took_ns / NS_PER_S);
	for (int i = 0; i < VERSIONS_MAX && versions[i].n; i++)
		printf("%s\"%s\": %lu", i ? ", " : "", versions[i].name, versions[i].n);
	puts("}}");
	return failed;
}

static void stop(int number)
{
	(void)number;
	is_stopping = 1;
}

/* Only this thread is interrupted: a signal is no fault of the server's. */
static void start_clients(struct client *clients)
{
	struct sigaction action = {.sa_handler = stop};
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	for (unsigned long i = 0; i < load.n_clients; i++) {
		clients[i].line.fd = -1;
		pthread_create(&clients[i].thread, NULL, run, &clients[i]);
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &ends, NULL);
}

int main(int argc, char **argv)
{
	static struct client clients[CLIENTS_MAX];

	load_parse(argc, argv, &load);
	uint64_t start_ns = clock_ns();
	start_clients(clients);
	for (unsigned long i = 0; i < load.n_clients; i++)
		pthread_join(clients[i].thread, NULL);
	return print(clients, clock_ns() - start_ns) ? 1 : 0;
}
