/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service in the test images. It answers HTTP: `/` with its version, `/health` with ok or a
 * status of 500, `/slow?ms=N` with its version after so long. How it behaves its arguments tell:
 *   --version V                    else what the file /version says
 *   --listen plain|reuseport|fds|none   may be repeated. plain: binds the port, and dies at once of
 *                                  SIGTERM. reuseport: binds it so that others can, too. fds: takes
 *                                  the sockets that are passed to it. The latter stop accepting at
 *                                  SIGTERM, finish what they have, and end with 0
 *   --port N                       8080
 *   --drain MS                     how long they wait for idle connections to ask once more: 5000
 *   --ready notify|file:PATH|none, --ready-after MS
 *   --beat MS --beats FILE         marks each slot of MS in a file that versions share
 *   --lock PATH, --lock-flock PATH, --lock-for MS   holds back updates by a file, or by flock of
 * one
 *   --crash, --hang                at once; before it is ready
 *   --exit-after MS[:STATUS]       after it was ready; status 1 unless said otherwise
 *   --unhealthy-after MS           /health is 500 from then on
 *   --ignore-term, --fork-without-end, --eat-memory, --fill PATH
 *   --say N                        lines a second, on stdout and on stderr
 * And as a tool:
 *   --probe PORT                   0 when a service is healthy there
 *   --count-beats FILE             JSON: which slots were missed
 */
#include "service.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

volatile sig_atomic_t is_stopping;

void fail(const char *what)
{
	fprintf(stderr, "service: %s: %s\n", what, strerror(errno));
	exit(1);
}

void start_thread(void *(*run)(void *), const void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, (void *)arg) != 0)
		fail("thread");
	pthread_detach(thread);
}

static void stop(int number)
{
	(void)number;
	is_stopping = 1;
}

/* The first process of a container gets no signal that it does not handle, so even who dies of
 * SIGTERM has a handler. It is blocked here, before there are threads. */
static void handle_signals(const struct manner *m)
{
	struct sigaction action = {.sa_handler = m->ignores_term ? SIG_IGN : stop};
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Pauses for so long, or until SIGTERM. */
static void pause_ms(unsigned ms)
{
	uint64_t until_ns = clock_ns() + (uint64_t)ms * NS_PER_MS, now_ns;
	sigset_t none;

	sigemptyset(&none);
	while (!is_stopping && (now_ns = clock_ns()) < until_ns) {
		struct timespec left = clock_spec(until_ns - now_ns);
		ppoll(NULL, 0, &left, &none);
	}
}

static unsigned listen_word(const char *word)
{
	static const char *const words[] = {"plain", "reuseport", "fds", "none"};

	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(word, words[i]))
			return 1u << i;
	fprintf(stderr, "service: --listen %s\n", word);
	exit(2);
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n > INT32_MAX) {
		fprintf(stderr, "service: %s is no number\n", text);
		exit(2);
	}
	return (unsigned)n;
}

enum kind { FLAG, NUMBER, TEXT, LISTEN, PROBE, COUNT };

static struct manner manner = {.port = 8080, .ready = "none", .drain_ms = 5000};

static const struct row {
	const char *word;
	enum kind kind;
	void *into;
} rows[] = {
	{"version", TEXT, &manner.version},
	{"listen", LISTEN, &manner.listen},
	{"port", NUMBER, &manner.port},
	{"drain", NUMBER, &manner.drain_ms},
	{"ready", TEXT, &manner.ready},
	{"ready-after", NUMBER, &manner.ready_after_ms},
	{"beat", NUMBER, &manner.beat_ms},
	{"beats", TEXT, &manner.beats},
	{"lock", TEXT, &manner.lock},
	{"lock-flock", TEXT, &manner.lock_flock},
	{"lock-for", NUMBER, &manner.lock_ms},
	{"crash", FLAG, &manner.crashes},
	{"hang", FLAG, &manner.hangs},
	{"exit-after", TEXT, &manner.exit_after},
	{"unhealthy-after", NUMBER, &manner.unhealthy_after_ms},
	{"ignore-term", FLAG, &manner.ignores_term},
	{"fork-without-end", FLAG, &manner.forks},
	{"eat-memory", FLAG, &manner.eats},
	{"fill", TEXT, &manner.fill},
	{"say", NUMBER, &manner.say},
	{"probe", PROBE, NULL},
	{"count-beats", COUNT, NULL},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void take(const struct row *row)
{
	switch (row->kind) {
	case FLAG:
		*(bool *)row->into = true;
		break;
	case NUMBER:
		*(unsigned *)row->into = number(optarg);
		break;
	case TEXT:
		*(const char **)row->into = optarg;
		break;
	case LISTEN:
		*(unsigned *)row->into |= listen_word(optarg);
		break;
	case PROBE:
		exit(listen_probe(number(optarg)));
	case COUNT:
		exit(beat_count(optarg));
	}
}

static void take_options(int argc, char **argv)
{
	struct option words[N_ROWS + 1] = {0};
	int i;

	for (size_t n = 0; n < N_ROWS; n++)
		words[n] = (struct option){rows[n].word, rows[n].kind != FLAG, NULL, (int)n};
	while ((i = getopt_long(argc, argv, "", words, NULL)) >= 0) {
		if (i == '?')
			exit(2);
		take(&rows[i]);
	}
	if (optind < argc) {
		fprintf(stderr, "service: %s is too much\n", argv[optind]);
		exit(2);
	}
	if (!manner.listen)
		manner.listen = LISTEN_PLAIN;
}

/* What the image says of itself, where the options say nothing. */
static void read_version(void)
{
	static char version[32] = "none";
	FILE *f = fopen("/version", "re");

	if (f && fgets(version, sizeof(version), f))
		version[strcspn(version, "\n")] = '\0';
	if (f)
		fclose(f);
	manner.version = version;
}

static int serve(const struct manner *m)
{
	int listeners[LISTENERS_MAX], n = listen_open(m, listeners);

	if (m->beats)
		beat_start(m);
	ready_tell(m);
	trouble_go_on(m);
	return server_run(m, listeners, n);
}

int main(int argc, char **argv)
{
	int status = 0;

	read_version();
	take_options(argc, argv);
	handle_signals(&manner);
	lock_take(&manner);
	trouble_begin(&manner);
	pause_ms(manner.hangs ? INT32_MAX : manner.ready_after_ms);
	if (!is_stopping)
		status = serve(&manner);
	lock_release(&manner);
	return status;
}
