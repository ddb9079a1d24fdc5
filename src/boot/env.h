/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot environment: what decides which slot boots, and the seam behind which a bootloader's
 * own way of keeping it lives. Choose a backend once with boot_backend_find(), then boot_load()
 * and boot_store(); between the two boot/state.h tells what comes next. Nothing here owns memory
 * past its return. The caller holds the run lock, so that nobody else stores in between.
 */
#ifndef OTA_BOOT_ENV_H
#define OTA_BOOT_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/digest.h"

#define BOOT_MARK_LEN 17 /* 16 hex digits of a content's digest, and NUL */
#define BOOT_BAD_MAX 4

struct boot_env {
	char slot;              /* 'a' or 'b': the slot to boot */
	bool upgrade_available; /* that slot is on trial: the bootloader counts */
	unsigned bootcount;     /* starts of the slot on trial so far */
	unsigned bootlimit;     /* starts that it may have; 0: no limit, as U-Boot means it */
	uint64_t epoch;         /* the highest committed */
	bool rolled_back;       /* the slot of before was given up; kept until settled */
	/* What failed on this device, known even where the store is lost. The bootloader leaves
	 * these alone. */
	char trial[BOOT_MARK_LEN];             /* what was made next, on trial; "" */
	char bad[BOOT_BAD_MAX][BOOT_MARK_LEN]; /* what was given up, the newest first; "" */
};

/* `where` says which environment: for U-Boot the path of fw_env.config. */
struct boot_backend {
	const char *name;
	int (*load)(const char *where, struct boot_env *env, struct err *err);
	int (*store)(const char *where, const struct boot_env *env, struct err *err);
	/* makes durable what a run that was cut short may have left in the cache */
	int (*sync)(const char *where, struct err *err);
	/* stores where there may be no environment yet, and makes every copy sound */
	int (*create)(const char *where, const char *defaults, const struct boot_env *env,
		struct err *err);
};

/* The mark of a content. */
void boot_mark(const struct digest *content, char mark[BOOT_MARK_LEN]);

/* Was it given up here, as far as the environment tells? */
bool boot_is_bad(const struct boot_env *env, const struct digest *content);

/* The backend for the configuration's words. Errors: config (an unknown word, or one that is not
 * built yet, and which of the two it is). The preset only counts for uboot. */
const struct boot_backend *boot_backend_find(
	const char *backend, const char *preset, struct err *err) MUST_USE;

/* Reads the environment. Errors: bootenv (missing, damaged, a value that may not be); env is then
 * undefined. */
int boot_load(const struct boot_backend *backend, const char *where, struct boot_env *env,
	struct err *err) MUST_USE;

/* Makes the environment what env says: one store, durable, then loaded afresh and compared. What
 * already is so is not stored again, which spares the flash. Errors: bootenv (as boot_load(), or
 * what was stored reads back differently), space (it does not fit; nothing was written), io (a
 * write or sync failed; the copy that was in force is still whole). */
int boot_store(const struct boot_backend *backend, const char *where, const struct boot_env *env,
	struct err *err) MUST_USE;

/* Makes an environment, every copy of it, in the factory. Variables of others stay where there is a
 * sound one, else they come from the file `defaults`, of lines NAME=value (NULL: none). Errors:
 * those of boot_store(). */
int boot_create(const struct boot_backend *backend, const char *where, const char *defaults,
	const struct boot_env *env, struct err *err) MUST_USE;

#endif
