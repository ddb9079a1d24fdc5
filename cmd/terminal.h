/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind a stream: a terminal and its width, or none.
 */
#ifndef OTA_CMD_TERMINAL_H
#define OTA_CMD_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* The terminal's width; 80 where fd is none, or one that does not tell. */
unsigned terminal_columns(int fd);

/* Is fd a terminal that takes colours, and did nobody say NO_COLOR or TERM=dumb? */
bool terminal_has_colour(int fd);

/* How many bytes of text fit on a line of so many columns, at least one character: up to a line
 * end or a blank, within a word only where it is longer than the line. Pure. */
size_t terminal_fold(const char *text, size_t columns);

#endif
