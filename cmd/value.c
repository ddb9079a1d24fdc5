/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define LONGEST_TIME_MS (30ULL * 24 * 3600 * 1000)

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit plain[] = {{"", 1}};

static const struct unit sizes[] = {{"", 1}, {"B", 1}, {"K", 1ULL << 10}, {"KiB", 1ULL << 10},
	{"kB", 1000}, {"KB", 1000}, {"M", 1ULL << 20}, {"MiB", 1ULL << 20}, {"MB", 1000000},
	{"G", 1ULL << 30}, {"GiB", 1ULL << 30}, {"GB", 1000000000}, {"T", 1ULL << 40},
	{"TiB", 1ULL << 40}, {"TB", 1000000000000}};

static const struct unit times[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"sec", 1000},
	{"min", 60000}, {"h", 3600000}, {"d", 86400000}};

static int parse(const char *text, const struct unit *units, size_t n_units, uint64_t *out)
{
	uint64_t value = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -1;
	if (p == text)
		return -1;
	for (size_t i = 0; i < n_units; i++)
		if (!strcmp(p, units[i].name))
			return __builtin_mul_overflow(value, units[i].factor, out) ? -1 : 0;
	return -1;
}

static int check_range(
	const char *text, uint64_t value, uint64_t min, uint64_t max, struct err *err)
{
	if (value >= min && (!max || value <= max))
		return 0;
	if (!max)
		return err_set(err, OTA_USAGE, "'%.64s' is less than %" PRIu64, text, min);
	return err_set(
		err, OTA_USAGE, "'%.64s' is not between %" PRIu64 " and %" PRIu64, text, min, max);
}

int value_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out, struct err *err)
{
	uint64_t value;

	if (parse(text, plain, ARRAY_LEN(plain), &value) < 0)
		return err_set(err, OTA_USAGE, "'%.64s' is not a number", text);
	if (check_range(text, value, min, max, err) < 0)
		return -1;
	*out = value;
	return 0;
}

int value_size(const char *text, uint64_t min, uint64_t max, uint64_t *bytes, struct err *err)
{
	uint64_t value;

	if (parse(text, sizes, ARRAY_LEN(sizes), &value) < 0)
		return err_set(
			err, OTA_USAGE, "'%.64s' is not a size such as 512K, 20M or 4GiB", text);
	if (check_range(text, value, min, max, err) < 0)
		return -1;
	*bytes = value;
	return 0;
}

int value_rate(const char *text, uint64_t *bytes_per_s, struct err *err)
{
	char size[32];
	size_t len = strlen(text);

	if (len > 2 && !strcmp(text + len - 2, "/s"))
		len -= 2;
	snprintf(size, sizeof(size), "%.*s", (int)len, text);
	uint64_t value;
	if (len >= sizeof(size) || parse(size, sizes, ARRAY_LEN(sizes), &value) < 0 || !value)
		return err_set(
			err, OTA_USAGE, "'%.64s' is not a rate such as 200K or 2MiB/s", text);
	*bytes_per_s = value;
	return 0;
}

int value_time(const char *text, unsigned *ms, struct err *err)
{
	uint64_t value;

	if (parse(text, times, ARRAY_LEN(times), &value) < 0)
		return err_set(
			err, OTA_USAGE, "'%.64s' is not a time such as 30s, 5min or 1h", text);
	if (value > LONGEST_TIME_MS)
		return err_set(err, OTA_USAGE, "'%.64s' is longer than 30 days", text);
	*ms = (unsigned)value;
	return 0;
}

int value_choice(const char *text, const char *choices, struct err *err)
{
	size_t len = strlen(text);

	for (const char *p = choices; *p; p += strspn(p, "|")) {
		size_t word = strcspn(p, "|");
		if (word == len && !memcmp(p, text, len))
			return 0;
		p += word;
	}
	return err_set(err, OTA_USAGE, "'%.64s' is none of %s", text, choices);
}
