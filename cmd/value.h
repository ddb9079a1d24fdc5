/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as people type them, on the command line and in ota.conf. Strict: digits and one known
 * unit, the whole string, no sign, no overflow. Each returns 0, or -1 with OTA_USAGE and a message
 * that quotes the text and says what is expected; failure leaves the output alone.
 */
#ifndef OTA_CMD_VALUE_H
#define OTA_CMD_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A number from min to max; max 0: no bound. */
int value_uint(
	const char *text, uint64_t min, uint64_t max, uint64_t *out, struct err *err) MUST_USE;

/* Bytes: "4096", "512K", "512KiB" (1024), "512KB" (1000); K, M, G, T. */
int value_size(
	const char *text, uint64_t min, uint64_t max, uint64_t *bytes, struct err *err) MUST_USE;

/* Bytes a second: a size that may end in "/s". */
int value_rate(const char *text, uint64_t *bytes_per_s, struct err *err) MUST_USE;

/* A duration: "30s", "5min", "1h", "2d", "500ms"; a bare number is seconds. At most 30 days. */
int value_time(const char *text, unsigned *ms, struct err *err) MUST_USE;

/* One of the words in choices, "a|b|c". Returns 0 or -1. */
int value_choice(const char *text, const char *choices, struct err *err) MUST_USE;

#endif
