/* SPDX-License-Identifier: Apache-2.0 */
#include "base/interrupt.h"

#include <signal.h>
#include <stddef.h>

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
