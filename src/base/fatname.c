/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fatname.h"

#include <string.h>
#include <strings.h>

#define OURS ".ota" /* how temporary files and the list of a set begin */

/* NAME~1.EXT, as FAT calls a longer name beside its own: it could be that of another file. */
static bool is_short_alias(const char *name, size_t len)
{
	const char *dot = memchr(name, '.', len);
	size_t base = dot ? (size_t)(dot - name) : len, digits = base;

	if (base > 8 || (dot && (len - base - 1 > 3 || memchr(dot + 1, '.', len - base - 1))))
		return false;
	while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	return digits < base && digits > 0 && name[digits - 1] == '~';
}

static const char *fault_of_name(const char *name, size_t len)
{
	if (len == 0)
		return "has an empty name in it";
	if (name[len - 1] == '.')
		return "has a name that ends with a dot, which FAT drops";
	if (len >= strlen(OURS) && !strncasecmp(name, OURS, strlen(OURS)))
		return "has a name that begins with .ota, which are our own";
	if (is_short_alias(name, len))
		return "has a name like NAME~1, by which FAT may call another file";
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || strchr("\"*:<>?\\|", name[i]))
			return "has a blank, a control or one of \"*:<>?\\| or no ASCII in it";
	return NULL;
}

static const char *fault_of_path(const char *path)
{
	unsigned depth = 0;

	if (strlen(path) >= FATNAME_PATH_LEN)
		return "is too long";
	for (;;) {
		size_t len = strcspn(path, "/");
		const char *fault = fault_of_name(path, len);

		if (fault)
			return fault;
		if (++depth > FATNAME_MAX_DEPTH)
			return "lies too deep";
		if (!path[len])
			return NULL;
		path += len + 1;
	}
}

int fatname_check(const char *path, struct err *err)
{
	const char *fault = fault_of_path(path);

	if (!fault)
		return 0;
	return err_set(err, OTA_CORRUPT, "boot file '%.150s' %s", path, fault);
}

bool fatname_collide(const char *path, const char *other)
{
	size_t a = strlen(path), b = strlen(other), shorter = a < b ? a : b;

	if (strncasecmp(path, other, shorter))
		return false;
	return a == b || (a < b ? other : path)[shorter] == '/';
}
