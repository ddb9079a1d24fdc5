/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. UTC seconds for dates, milliseconds of the monotonic clock for waits.
 */
#ifndef OTA_BASE_CLOCK_H
#define OTA_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CLOCK_MAX_S 253402300799LL /* the last second of the year 9999 */
#define CLOCK_TEXT_LEN 21          /* "2026-11-23T10:20:30Z" and NUL; years 0 to 9999 */

uint64_t clock_mono_ms(void);
int64_t clock_utc_s(void);

/* Does the kernel know its clock to be right, kept so by NTP or the like? */
bool clock_is_synchronised(void);

void clock_sleep_ms(unsigned ms);

/* RFC 3339 in UTC with whole seconds, to and from seconds since 1970. A date alone
 * ("2026-11-23") is its first second. Errors: usage. */
void clock_format(int64_t utc_s, char out[CLOCK_TEXT_LEN]);
int clock_parse(const char *text, int64_t *utc_s, struct err *err) MUST_USE;

#endif
