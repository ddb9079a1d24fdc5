/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside, made fit for a terminal and for JSON: a file name, a server's answer or a
 * release's version must not move the cursor, colour the screen or end a JSON string.
 */
#ifndef OTA_BASE_TEXT_H
#define OTA_BASE_TEXT_H

#include <stddef.h>

/* Replaces by '?', in place: control characters but newline, the C1 controls, the marks that turn
 * the writing direction, and bytes that are no UTF-8. */
void text_clean(char *text);

/* The same, and line ends become blanks. */
void text_clean_line(char *text);

/* The last line that says something, without its end, as far as it fits into out. */
void text_last_line(const char *text, char *out, size_t size);

#define TEXT_BYTES_LEN 16

/* "512 B", "20.0 KiB", "1.5 GiB". */
void text_bytes(unsigned long long bytes, char out[TEXT_BYTES_LEN]);

#endif
