/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/uboot_vars.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <libuboot.h> /* needs size_t and does not say so */

#include "base/mem.h"

#define VAR_SLOT "ota_slot"
#define VAR_TRIAL "upgrade_available"
#define VAR_COUNT "bootcount"
#define VAR_LIMIT "bootlimit"
#define VAR_EPOCH "ota_epoch"
#define VAR_ROLLED_BACK "ota_rolled_back"
#define VAR_TRIAL_MARK "ota_trial"
#define VAR_BAD_MARKS "ota_bad"

#define COUNTER_MAX (UINT64_C(1) << 31)

static int parse_decimal(const char *text, uint64_t max, uint64_t *out)
{
	size_t len = strlen(text);

	if (!len || len > 19 || strspn(text, "0123456789") != len)
		return -1;
	*out = strtoull(text, NULL, 10);
	return *out > max ? -1 : 0;
}

static int read_number(
	struct uboot_ctx *ctx, const char *name, uint64_t max, uint64_t *out, struct err *err)
{
	AUTO_FREE char *text = libuboot_get_env(ctx, name);

	*out = 0;
	if (!text || parse_decimal(text, max, out) == 0)
		return 0;
	return err_set(err, OTA_BOOTENV, "variable %s is '%.40s', not a number from 0 to %" PRIu64,
		name, text, max);
}

static int read_slot(struct uboot_ctx *ctx, char *slot, struct err *err)
{
	AUTO_FREE char *text = libuboot_get_env(ctx, VAR_SLOT);

	if (!text) {
		err_set(err, OTA_BOOTENV, "variable " VAR_SLOT " is missing");
		return err_hint(err, "set it to the running slot, a or b, with fw_setenv");
	}
	if (strcmp(text, "a") && strcmp(text, "b")) {
		err_set(err, OTA_BOOTENV, "variable " VAR_SLOT " is '%.40s', not a or b", text);
		return err_hint(err, "set it to the running slot, a or b, with fw_setenv");
	}
	*slot = text[0];
	return 0;
}

static bool is_mark(const char *text, size_t len)
{
	return len == BOOT_MARK_LEN - 1 && strspn(text, "0123456789abcdef") >= len;
}

/* Marks are a comfort: what is none counts as missing, and is gone with the next store. */
static void read_marks(
	struct uboot_ctx *ctx, const char *name, char marks[][BOOT_MARK_LEN], size_t most)
{
	AUTO_FREE char *text = libuboot_get_env(ctx, name);
	size_t n = 0;

	for (const char *at = text ? text : ""; *at && n < most; at += strspn(at, ",")) {
		size_t len = strcspn(at, ",");
		if (is_mark(at, len))
			memcpy(marks[n++], at, len);
		at += len;
	}
}

int uboot_vars_read(struct uboot_ctx *ctx, struct boot_env *env, struct err *err)
{
	uint64_t trial, count, limit, rolled_back;

	if (read_slot(ctx, &env->slot, err) < 0 ||
		read_number(ctx, VAR_TRIAL, 1, &trial, err) < 0 ||
		read_number(ctx, VAR_COUNT, COUNTER_MAX, &count, err) < 0 ||
		read_number(ctx, VAR_LIMIT, COUNTER_MAX, &limit, err) < 0 ||
		read_number(ctx, VAR_EPOCH, INT64_MAX, &env->epoch, err) < 0 ||
		read_number(ctx, VAR_ROLLED_BACK, 1, &rolled_back, err) < 0)
		return -1;
	read_marks(ctx, VAR_TRIAL_MARK, &env->trial, 1);
	read_marks(ctx, VAR_BAD_MARKS, env->bad, BOOT_BAD_MAX);
	env->upgrade_available = trial;
	env->bootcount = (unsigned)count;
	env->bootlimit = (unsigned)limit;
	env->rolled_back = rolled_back;
	return 0;
}

/* A NULL value removes the variable. */
static int write_var(struct uboot_ctx *ctx, const char *name, const char *value, struct err *err)
{
	if (libuboot_set_env(ctx, name, value) == 0)
		return 0;
	return err_set(err, OTA_BOOTENV,
		"variable %s cannot be set: its flags in the environment forbid it", name);
}

static int write_number(struct uboot_ctx *ctx, const char *name, uint64_t value, struct err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return write_var(ctx, name, text, err);
}

static int write_marks(struct uboot_ctx *ctx, const char *name, const char marks[][BOOT_MARK_LEN],
	size_t most, struct err *err)
{
	char text[BOOT_BAD_MAX * BOOT_MARK_LEN] = "";

	for (size_t i = 0; i < most && marks[i][0]; i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "%s%s", i ? "," : "", marks[i]);
	}
	return write_var(ctx, name, text[0] ? text : NULL, err);
}

int uboot_vars_write(struct uboot_ctx *ctx, const struct boot_env *env, struct err *err)
{
	const char slot[2] = {env->slot, '\0'};

	if (write_var(ctx, VAR_SLOT, slot, err) < 0 ||
		write_number(ctx, VAR_TRIAL, env->upgrade_available, err) < 0 ||
		write_number(ctx, VAR_COUNT, env->bootcount, err) < 0 ||
		write_number(ctx, VAR_LIMIT, env->bootlimit, err) < 0 ||
		write_number(ctx, VAR_EPOCH, env->epoch, err) < 0 ||
		write_marks(ctx, VAR_TRIAL_MARK, &env->trial, 1, err) < 0 ||
		write_marks(ctx, VAR_BAD_MARKS, env->bad, BOOT_BAD_MAX, err) < 0)
		return -1;
	return write_var(ctx, VAR_ROLLED_BACK, env->rolled_back ? "1" : NULL, err);
}
