/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By how much the four bytes of a spot are moved: as was guessed of the address that they may be,
 * as one of the last ones was, or by something new.
 */
#ifndef OTA_DELTA_MOVES_H
#define OTA_DELTA_MOVES_H

#include "delta/coder.h"

#define RECENT_BITS 4
#define RECENT (1u << RECENT_BITS)
#define MOVE_CLASSES 256
#define MOVE_BYTES 4

/* Of a place: whether it was seen that what is near its address moves. */
enum known { NOTHING_KNOWN, STAYS, MOVES, N_KNOWN };

struct moves {
	uint32_t recent[RECENT];
	unsigned last_recent, last_width;
	struct prob as_guessed[MOVE_CLASSES], is_recent[N_KNOWN][2];
	struct prob which_recent[N_KNOWN][RECENT];
	struct prob width[4][4], bytes[4][MOVE_BYTES][256];
};

void moves_reset(struct moves *m);

/* `guessed` counts where known is MOVES. */
uint32_t moves_code(struct moves *m, struct coder *c, unsigned class, enum known known,
	uint32_t guessed, uint32_t moved);

/* Where it stands among the last ones, the latest first; the last place if it does not. */
unsigned recent_find(const uint32_t recent[RECENT], uint32_t moved);

/* Puts it in front; what stood at n goes. */
void recent_keep(uint32_t recent[RECENT], unsigned n, uint32_t moved);

#endif
