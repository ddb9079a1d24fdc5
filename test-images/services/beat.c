/* SPDX-License-Identifier: Apache-2.0 */
/* Beats of a control loop. The file has a byte for each slot of the monotonic clock, counted from
 * the first that anybody marked; each who beats in a slot sets a bit of its own there. */
#include "service.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

#define SLOTS_MAX (1 << 20) /* almost six hours of 20 ms */

struct beats {
	uint64_t period_ms, first_slot;
	_Atomic uint8_t slots[SLOTS_MAX];
};

static struct beats *beats;
static uint8_t own_bit;

static uint64_t slot_now(void)
{
	return clock_ms() / beats->period_ms;
}

/* A beat that comes so late that its slot is over has missed it. */
static void mark(void)
{
	uint64_t slot = slot_now() - beats->first_slot;

	if (slot < SLOTS_MAX)
		atomic_fetch_or(&beats->slots[slot], own_bit);
}

static void *beat(void *arg)
{
	(void)arg;
	for (;;) {
		clock_sleep_until((slot_now() + 1) * beats->period_ms * NS_PER_MS);
		mark();
	}
	return NULL;
}

static void map(int fd, int protection)
{
	beats = mmap(NULL, sizeof(*beats), protection, MAP_SHARED, fd, 0);
	if (beats == MAP_FAILED)
		fail("map beats");
}

void beat_start(const struct manner *m)
{
	int fd = open(m->beats, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0 || flock(fd, LOCK_EX) < 0 || ftruncate(fd, sizeof(*beats)) < 0)
		fail(m->beats);
	map(fd, PROT_READ | PROT_WRITE);
	if (!beats->period_ms) {
		beats->period_ms = m->beat_ms ? m->beat_ms : 20;
		beats->first_slot = slot_now();
	}
	flock(fd, LOCK_UN); /* what is mapped would keep it */
	close(fd);
	own_bit = (uint8_t)(1 << (m->version[0] % 8));
	mark();
	start_thread(beat, NULL);
}

int beat_count(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t last = 0, begin = 0, end = 0, marked = 0, both = 0, longest = 0;

	if (fd < 0)
		fail(path);
	map(fd, PROT_READ);
	for (uint64_t slot = 0; slot < SLOTS_MAX; slot++) {
		uint8_t who = beats->slots[slot];
		if (!who)
			continue;
		if (!marked++)
			begin = last = slot;
		if (slot - last > longest + 1)
			longest = slot - last - 1;
		both += (who & (who - 1)) != 0;
		last = slot;
		end = slot + 1;
	}
	printf("{\"period_ms\": %lu, \"beats\": %lu, \"missed\": %lu, \"longest_missed\": %lu, "
	       "\"both\": %lu, \"since_last_ms\": %lu}\n",
		beats->period_ms, marked, end - begin - marked, longest, both,
		clock_ms() - (beats->first_slot + last) * beats->period_ms);
	return 0;
}
