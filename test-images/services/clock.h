/* SPDX-License-Identifier: Apache-2.0 */
/* The monotonic clock, which all containers of a machine share. */
#ifndef SERVICES_CLOCK_H
#define SERVICES_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static inline uint64_t clock_ms(void)
{
	return clock_ns() / NS_PER_MS;
}

static inline struct timespec clock_spec(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
}

/* Sleeps up to that moment, whatever signals come. */
static inline void clock_sleep_until(uint64_t ns)
{
	struct timespec t = clock_spec(ns);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

#endif
