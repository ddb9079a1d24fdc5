/* SPDX-License-Identifier: Apache-2.0 */
/*
 * U-Boot's environment through libubootenv, preset `ota`: the variables ota_slot,
 * upgrade_available, bootcount, bootlimit, ota_epoch and ota_rolled_back, and for our own memory
 * ota_trial and ota_bad, marks of contents. `where` is the path of
 * fw_env.config, which must name two copies. All but ota_slot may be missing and then count as 0;
 * ota_rolled_back is stored as 1 or removed. Variables that are not ours are kept as they are.
 */
#ifndef OTA_BOOT_UBOOT_H
#define OTA_BOOT_UBOOT_H

#include "boot/env.h"

extern const struct boot_backend boot_uboot;

#endif
