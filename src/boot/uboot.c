/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The home of libubootenv, with uboot_vars.c. What it does that one must know (0.3.2): it drops
 * fsync's result, leaks an environment that does not fit, lets one that fits to the byte lose its
 * end mark, and writes .flags past the end; so the size is reckoned here first, and the sync is
 * ours. From open to close it holds /var/lock/fw_printenv.lock, if it may create it, against
 * fw_setenv.
 */
#include "boot/uboot.h"

#include <errno.h>
#include <string.h>
#include <libuboot.h> /* needs size_t and does not say so */

#include "base/mem.h"
#include "boot/fwconfig.h"
#include "boot/uboot_vars.h"

#define FLAGS ".flags=" /* what U-Boot allows for which variable */

/* What the bootloader stores besides on trial: more digits of the count, that it went back, and a
 * U-Boot that counts by itself all that it keeps in memory (fdtcontroladdr, stdin, ethaddr...). */
#define TRIAL_ROOM_BYTES 256u
#define HEADER_BYTES 5u /* checksum and the flag that tells the newer copy */

static void session_end(struct uboot_ctx **ctx)
{
	if (!*ctx)
		return;
	libuboot_close(*ctx);
	libuboot_exit(*ctx);
}

#define AUTO_SESSION CLEANUP(session_end) struct uboot_ctx

static int explain(const char *where, struct err *err)
{
	if (!err->hint[0])
		err_hint(err, "look at it with: fw_printenv -c %s", where);
	return err_wrap(err, "boot environment (%s)", where);
}

static void describe_devices(const struct fw_config *config, struct uboot_env_device devices[2])
{
	memset(devices, 0, 2 * sizeof(devices[0]));
	for (int i = 0; i < 2; i++) {
		/* the library copies the name and does not write to it */
		devices[i].devname = (char *)config->copy[i].device;
		devices[i].offset = config->copy[i].offset_bytes;
		devices[i].envsize = config->copy[i].size_bytes;
		devices[i].sectorsize = config->copy[i].sector_bytes;
		devices[i].envsectors = config->copy[i].sectors;
	}
}

/* Opens, locks and reads; what *ctx holds then is session_end()'s, also after an error. *is_new,
 * where it is not NULL: there is no environment yet, which is then no error. */
static int session_begin(
	const struct fw_config *config, struct uboot_ctx **ctx, bool *is_new, struct err *err)
{
	struct uboot_env_device devices[2];
	int ret;

	describe_devices(config, devices);
	if (libuboot_initialize(ctx, devices) < 0)
		return err_set(err, OTA_BOOTENV, "%s and %s cannot hold it", config->copy[0].device,
			config->copy[1].device);
	ret = libuboot_open(*ctx);
	if (is_new)
		*is_new = ret == -ENODATA;
	if (ret == -ENODATA && is_new)
		return 0;
	if (ret == -ENODATA) {
		err_set(err, OTA_BOOTENV, "both copies are damaged or were never written (%s, %s)",
			config->copy[0].device, config->copy[1].device);
		return err_hint(err, "name the slot that runs: ota bootswap --factory --slot a, "
				     "or b");
	}
	if (ret < 0)
		return err_set(err, OTA_BOOTENV,
			"%s or %s could not be read: too short, or no access",
			config->copy[0].device, config->copy[1].device);
	return 0;
}

static int load(const char *where, struct boot_env *env, struct err *err)
{
	AUTO_SESSION *ctx = NULL;
	struct fw_config config;

	memset(env, 0, sizeof(*env));
	if (fwconfig_read(where, &config, err) < 0)
		return explain(where, err);
	if (session_begin(&config, &ctx, NULL, err) < 0 || uboot_vars_read(ctx, env, err) < 0)
		return explain(where, err);
	return 0;
}

/* The most that the library writes for the .flags in a copy's bytes, which end with a NUL. It hides
 * them, and adds an access letter to each variable that has none. */
static size_t flags_bytes(const char *bytes, size_t len)
{
	size_t most = 0, n;

	for (size_t at = HEADER_BYTES; at < len && bytes[at]; at += n + 1) {
		n = strlen(bytes + at);
		if (strncmp(bytes + at, FLAGS, strlen(FLAGS)))
			continue;
		most = n + 1;
		for (size_t i = 0; i < n; i++)
			most += bytes[at + i] == ':';
	}
	return most;
}

/* Fails where what the library will write, and room_bytes more, are too much for a copy. */
static int check_fits(
	struct uboot_ctx *ctx, const struct fw_config *config, size_t room_bytes, struct err *err)
{
	size_t need = HEADER_BYTES + 1 + room_bytes, size_bytes = config->copy[0].size_bytes;
	size_t flags = 0, all_flags = strlen(FLAGS) + 1;
	AUTO_FREE char *bytes = calloc(1, size_bytes + 1);

	if (!bytes)
		return err_set(err, OTA_FAILED, "out of memory");
	for (void *var = NULL; (var = libuboot_iterator(ctx, var));) {
		need += strlen(libuboot_getname(var)) + strlen(libuboot_getvalue(var)) + 2;
		all_flags += strlen(libuboot_getname(var)) + strlen(",:sa");
	}
	for (size_t i = 0; i < ARRAY_LEN(config->copy); i++) {
		bool known;
		if (fwconfig_read_copy(&config->copy[i], bytes, &known, err) < 0)
			return -1;
		size_t here = known ? flags_bytes(bytes, size_bytes) : all_flags;
		flags = here > flags ? here : flags;
	}
	need += flags;
	if (need <= size_bytes)
		return 0;
	err_set(err, OTA_SPACE, "full: %zu bytes are needed, a copy holds %zu", need, size_bytes);
	return err_hint(err, "remove variables that nobody needs with fw_setenv");
}

static int write_copy(struct uboot_ctx *ctx, const struct fw_config *config,
	const struct boot_env *env, struct err *err)
{
	size_t room_bytes = env->upgrade_available ? TRIAL_ROOM_BYTES : 0;

	if (uboot_vars_write(ctx, env, err) < 0 || check_fits(ctx, config, room_bytes, err) < 0)
		return -1;
	if (libuboot_env_store(ctx) == 0)
		return 0;
	return err_set(err, OTA_IO, "%s and %s: one could not be written", config->copy[0].device,
		config->copy[1].device);
}

static int store_once(const struct fw_config *config, const struct boot_env *env, struct err *err)
{
	AUTO_SESSION *ctx = NULL;

	if (session_begin(config, &ctx, NULL, err) < 0)
		return -1;
	return write_copy(ctx, config, env, err);
}

static int store(const char *where, const struct boot_env *env, struct err *err)
{
	struct fw_config config;

	if (fwconfig_read(where, &config, err) < 0 || store_once(&config, env, err) < 0 ||
		fwconfig_sync(&config, err) < 0)
		return explain(where, err);
	return 0;
}

static int sync_copies(const char *where, struct err *err)
{
	struct fw_config config;

	if (fwconfig_read(where, &config, err) < 0 || fwconfig_sync(&config, err) < 0)
		return explain(where, err);
	return 0;
}

static int create_once(const struct fw_config *config, const char *defaults,
	const struct boot_env *env, struct err *err)
{
	AUTO_SESSION *ctx = NULL;
	bool is_new;

	if (session_begin(config, &ctx, &is_new, err) < 0)
		return -1;
	if (is_new && defaults && access(defaults, R_OK) < 0)
		return err_errno(err, OTA_CONFIG, "%s", defaults);
	if (is_new && defaults && libuboot_load_file(ctx, defaults) < 0)
		return err_set(err, OTA_CONFIG, "%s: not lines of NAME=value", defaults);
	return write_copy(ctx, config, env, err);
}

/* Is this copy alone sound? The library takes the same one twice for two copies. */
static int check_copy(const struct fw_config *config, size_t i, struct err *err)
{
	const struct fw_config alone = {.copy = {config->copy[i], config->copy[i]}};
	AUTO_SESSION *ctx = NULL;

	return session_begin(&alone, &ctx, NULL, err);
}

/* A store goes to the older copy: two make both. */
static int create(
	const char *where, const char *defaults, const struct boot_env *env, struct err *err)
{
	struct fw_config config;

	if (fwconfig_read(where, &config, err) < 0 ||
		create_once(&config, defaults, env, err) < 0 || store_once(&config, env, err) < 0 ||
		fwconfig_sync(&config, err) < 0)
		return explain(where, err);
	for (size_t i = 0; i < ARRAY_LEN(config.copy); i++)
		if (check_copy(&config, i, err) < 0)
			return explain(where, err);
	return 0;
}

const struct boot_backend boot_uboot = {"uboot", load, store, sync_copies, create};
