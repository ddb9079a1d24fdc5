/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

uint64_t clock_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int64_t clock_utc_s(void)
{
	return time(NULL);
}

bool clock_is_synchronised(void)
{
	struct timex t = {0};

	return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC);
}

void clock_sleep_ms(unsigned ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};

	nanosleep(&ts, NULL);
}

void clock_format(int64_t utc_s, char out[CLOCK_TEXT_LEN])
{
	struct tm tm;
	time_t t = utc_s;

	gmtime_r(&t, &tm);
	strftime(out, CLOCK_TEXT_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

int clock_parse(const char *text, int64_t *utc_s, struct err *err)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"};

	for (unsigned i = 0; i < 2; i++) {
		struct tm tm = {0}, again;
		const char *end = strptime(text, forms[i], &tm);
		time_t t;

		if (!end || *end)
			continue;
		again = tm;
		t = timegm(&again);
		/* timegm() turns 31 April into 1 May: such a date is a mistake */
		if (again.tm_mday != tm.tm_mday || again.tm_mon != tm.tm_mon)
			continue;
		*utc_s = t;
		return 0;
	}
	return err_set(
		err, OTA_USAGE, "'%.40s' is no date like 2026-11-23 or 2026-11-23T10:20:30Z", text);
}
