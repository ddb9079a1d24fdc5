/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock that is wrong: preloaded, it tells $DATE_NOW, seconds since 1970, and with $DATE_SYNCED
 * that the kernel knows it to be right.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

time_t time(time_t *out)
{
	const char *now = getenv("DATE_NOW");
	time_t t = now ? (time_t)atoll(now) : 0;

	if (out)
		*out = t;
	return t;
}

int adjtimex(struct timex *t)
{
	memset(t, 0, sizeof(*t));
	if (getenv("DATE_SYNCED"))
		return TIME_OK;
	t->status = STA_UNSYNC;
	return TIME_ERROR;
}
