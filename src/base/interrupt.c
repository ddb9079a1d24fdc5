/* SPDX-License-Identifier: Apache-2.0 */
#include "base/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "base/clock.h"

#define SLICE_MS 1000

static volatile sig_atomic_t pending_signal;

static void note_signal(int sig)
{
	pending_signal = sig;
}

void interrupt_arm(void)
{
	struct sigaction act = {.sa_handler = note_signal};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* where our parent ignores it, no status would reach us */
}

bool interrupt_pending(void)
{
	return pending_signal != 0;
}

int interrupt_check(struct err *err)
{
	if (!pending_signal)
		return 0;
	err_set(err, OTA_INTERRUPTED, "ended by signal %d", (int)pending_signal);
	return err_hint(err, "it is safe to run the same command again");
}

/* In slices: a signal that comes between the question and the sleep would not end the sleep. */
int interrupt_sleep_ms(unsigned ms, struct err *err)
{
	const uint64_t now = clock_mono_ms(), until = now + ms;

	for (uint64_t at = now; at < until; at = clock_mono_ms()) {
		if (interrupt_check(err) < 0)
			return -1;
		clock_sleep_ms(until - at < SLICE_MS ? (unsigned)(until - at) : SLICE_MS);
	}
	return interrupt_check(err);
}
