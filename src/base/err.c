/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit_status;
	const char *meaning;
} codes[OTA_CODE_COUNT] = {
#define OTA_CODE(name, json, status, meaning) [OTA_##name] = {json, status, meaning},
#include "base/codes.def"
#undef OTA_CODE
};

static void set_message(struct err *err, enum ota_code code, const char *fmt, va_list ap)
{
	err->code = code;
	err->hint[0] = '\0';
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

int err_set(struct err *err, enum ota_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_message(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

/* Where a command tells more than strerror() does. */
static const char *errno_hint(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return "df -h and df -i tell what is full";
	case EIO:
		return "the disk may be failing: dmesg | tail";
	case EROFS:
		return "findmnt -O ro tells what is mounted read-only";
	case EACCES:
	case EPERM:
		return "run it as root, or as one who may write there";
	}
	return "";
}

int err_errno(struct err *err, enum ota_code code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (saved == ENOSPC || saved == EDQUOT)
		code = OTA_SPACE;
	va_start(ap, fmt);
	set_message(err, code, fmt, ap);
	va_end(ap);
	size_t used = strlen(err->msg);
	snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", strerror(saved));
	err_hint(err, "%s", errno_hint(saved));
	errno = saved;
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	size_t used = strlen(err->msg);
	snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", inner);
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

const char *code_name(enum ota_code code)
{
	return codes[code].name;
}

int code_exit_status(enum ota_code code)
{
	return codes[code].exit_status;
}

const char *code_meaning(enum ota_code code)
{
	return codes[code].meaning;
}
