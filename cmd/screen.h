/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen for people: lines on stdout, each a label and what it is about, folded at blanks to the
 * width of the terminal, or to 80 columns where there is none. Silent with --json.
 */
#ifndef OTA_CMD_SCREEN_H
#define OTA_CMD_SCREEN_H

#include "base/err.h"
#include "cmd/front.h"

/* A label "" goes on with the entry above. */
void screen_tell(struct front *front, const char *label, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same, bold where the terminal can: what the eye should find first. */
void screen_stress(struct front *front, const char *label, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
