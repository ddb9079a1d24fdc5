/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to try again what failed for now: pauses that double, up to a minute, each shortened by
 * chance so that a fleet does not come back at once, and an end where nothing comes of it.
 */
#ifndef OTA_IO_RETRY_H
#define OTA_IO_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define RETRY_MAX_FRUITLESS 6
#define RETRY_LONGEST_MS 60000
#define RETRY_LONGEST_ASKED_S 300

struct retry {
	unsigned first_ms;  /* the first pause, at its longest */
	uint64_t until_ms;  /* of clock_mono_ms(): then the time is over; 0: never */
	unsigned fruitless; /* failures in a row that brought nothing */
};

/* Is the time over? */
bool retry_is_over(const struct retry *r);

/* The pause after so many fruitless failures in a row, at its longest. */
unsigned retry_pause_ms(const struct retry *r);

/* After a failure: waits, and gives 0 where it is to be tried again. fruitful: something came of
 * it; asked_s: what the server wants us to wait, 0 where it says nothing. Fails with err as it was,
 * where that is another code than retry, after six fruitless failures in a row, and where the time
 * would be over or the server asks for more than five minutes; and with interrupted. */
int retry_wait(struct retry *r, bool fruitful, int64_t asked_s, struct err *err) MUST_USE;

#endif
