/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A suffix array, by libdivsufsort, which is loaded at the first use: only machines that make
 * deltas need it. The text stays the caller's; an array serves any number of threads.
 */
#ifndef OTA_DELTA_SUFFIX_H
#define OTA_DELTA_SUFFIX_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SUFFIX_TEXT_MAX INT32_MAX

struct suffix;

/* Errors: config (no library), failed (memory: four times the text). */
struct suffix *suffix_new(const uint8_t *text, size_t len, struct err *err) MUST_USE;
void suffix_free(struct suffix *s);

/* Where in the text the longest match of `what` stands (looked at up to some length), or one of
 * them; tells how long it is. */
size_t suffix_find(const struct suffix *s, const uint8_t *what, size_t what_len, size_t *match_len);

#endif
