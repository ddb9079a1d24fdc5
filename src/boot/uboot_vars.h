/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ota says in U-Boot's environment, variable by variable. contrib/uboot reads the same.
 */
#ifndef OTA_BOOT_UBOOT_VARS_H
#define OTA_BOOT_UBOOT_VARS_H

#include "boot/env.h"

struct uboot_ctx;

/* From an environment that is open. Errors: bootenv (a variable is missing, or says what it may
 * not). */
int uboot_vars_read(struct uboot_ctx *ctx, struct boot_env *env, struct err *err) MUST_USE;

/* Into one, in memory. Errors: bootenv (the flags of the environment forbid it). */
int uboot_vars_write(struct uboot_ctx *ctx, const struct boot_env *env, struct err *err) MUST_USE;

#endif
