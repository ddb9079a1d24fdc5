/* SPDX-License-Identifier: Apache-2.0 */
#include "io/retry.h"

#include <sys/random.h>

#include "base/clock.h"
#include "base/interrupt.h"

bool retry_is_over(const struct retry *r)
{
	return r->until_ms && clock_mono_ms() >= r->until_ms;
}

unsigned retry_pause_ms(const struct retry *r)
{
	uint64_t ms = r->first_ms;

	for (unsigned n = 1; n < r->fruitless && ms < RETRY_LONGEST_MS; n++)
		ms *= 2;
	return ms < RETRY_LONGEST_MS ? (unsigned)ms : RETRY_LONGEST_MS;
}

/* Between half of it and the whole. */
static unsigned shorten(unsigned ms)
{
	uint16_t dice = 0;

	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0)
		dice = 0;
	return ms - (unsigned)((uint64_t)ms / 2 * dice >> 16);
}

int retry_wait(struct retry *r, bool fruitful, int64_t asked_s, struct err *err)
{
	if (err->code != OTA_RETRY)
		return -1;
	r->fruitless = fruitful ? 1 : r->fruitless + 1;
	if (r->fruitless >= RETRY_MAX_FRUITLESS)
		return -1;
	/* who would be back too early is better off with its next run */
	if (asked_s > RETRY_LONGEST_ASKED_S)
		return err_hint(err,
			"the server asks to be left alone for %jd s: run the same "
			"command again then",
			(intmax_t)asked_s);
	uint64_t pause_ms = shorten(retry_pause_ms(r)) + (asked_s > 0 ? asked_s * 1000u : 0u);
	if (r->until_ms && clock_mono_ms() + pause_ms >= r->until_ms)
		return -1;
	return interrupt_sleep_ms((unsigned)pause_ms, err);
}
