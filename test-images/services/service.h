/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the test images' service: its options, and what each part does with them. */
#ifndef SERVICES_SERVICE_H
#define SERVICES_SERVICE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define LISTENERS_MAX 16

enum listen_way { LISTEN_PLAIN = 1, LISTEN_REUSEPORT = 2, LISTEN_FDS = 4, LISTEN_NONE = 8 };

struct manner {
	const char *version;
	unsigned listen;   /* a set of listen_way */
	const char *ready; /* notify, file:PATH or none */
	unsigned port, ready_after_ms, drain_ms;

	unsigned beat_ms;
	const char *beats;
	const char *lock, *lock_flock; /* paths */
	unsigned lock_ms;              /* 0: up to the end */

	bool crashes, hangs, ignores_term, forks, eats;
	const char *fill;
	unsigned say; /* lines a second */
	const char *exit_after;
	unsigned unhealthy_after_ms; /* 0: never */
};

/* Ends the program with what went wrong in a system call. */
_Noreturn void fail(const char *what);

/* Set once SIGTERM came; it is let through while the service waits, and nowhere else. */
extern volatile sig_atomic_t is_stopping;

/* Opens or takes the sockets, listening and non-blocking, and gives their number. */
int listen_open(const struct manner *m, int *fds);

/* Is it healthy? What a health check would run: the answer of GET /health on this port of loopback,
 * as an exit status. */
int listen_probe(unsigned port);

/* Serves until SIGTERM came, and then, unless it is plain alone, until all is answered. Gives the
 * exit status. */
int server_run(const struct manner *m, int *listeners, int n);

/* Tells that the service is ready. */
void ready_tell(const struct manner *m);

/* Marks the slot of time that is now, before it returns, and from then on one each beat_ms. Those
 * who share the file may beat at the same time. */
void beat_start(const struct manner *m);

/* Prints as JSON which slots between the first beat and the last nobody marked. */
int beat_count(const char *path);

/* What a service does that its supervisor should survive: before it is ready, and after. */
void trouble_begin(const struct manner *m);
void trouble_go_on(const struct manner *m);

/* Holds the lock that is told to hold back updates. */
void lock_take(const struct manner *m);
void lock_release(const struct manner *m);

/* Runs a function in a thread of its own, which no signal interrupts. */
void start_thread(void *(*run)(void *), const void *arg);

#endif
