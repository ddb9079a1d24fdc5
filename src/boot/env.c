/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/env.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "boot/uboot.h"

/* The contract's words; one without a table is not built yet. */
static const struct {
	const char *word;
	const struct boot_backend *backend;
} backends[] = {
	{"uboot", &boot_uboot},
	{"grub", NULL},
	{"systemd-boot", NULL},
	{"rpi-tryboot", NULL},
	{"custom", NULL},
};

static const struct {
	const char *word;
	bool built;
} presets[] = {
	{"ota", true},
	{"rauc", false},
	{"mender", false},
	{"swupdate", false},
	{"nerves", false},
	{"balena", false},
};

static int preset_check(const char *preset, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(presets); i++) {
		if (strcmp(presets[i].word, preset))
			continue;
		if (presets[i].built)
			return 0;
		err_set(err, OTA_CONFIG, "[boot] preset = %s is not built into this ota yet",
			preset);
		return err_hint(err, "use preset = ota");
	}
	err_set(err, OTA_CONFIG, "[boot] preset = %.64s is not a known preset", preset);
	return err_hint(err, "known: ota, rauc, mender, swupdate, nerves, balena");
}

const struct boot_backend *boot_backend_find(
	const char *backend, const char *preset, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
		if (strcmp(backends[i].word, backend))
			continue;
		if (!backends[i].backend) {
			err_set(err, OTA_CONFIG,
				"[boot] backend = %s is not built into this ota yet", backend);
			err_hint(err, "use backend = uboot");
			return NULL;
		}
		return preset_check(preset, err) < 0 ? NULL : backends[i].backend;
	}
	err_set(err, OTA_CONFIG, "[boot] backend = %.64s is not a known backend", backend);
	err_hint(err, "known: uboot, grub, systemd-boot, rpi-tryboot, custom");
	return NULL;
}

void boot_mark(const struct digest *content, char mark[BOOT_MARK_LEN])
{
	char hex[DIGEST_HEX_LEN];

	digest_hex(content, hex);
	snprintf(mark, BOOT_MARK_LEN, "%.*s", BOOT_MARK_LEN - 1, hex);
}

bool boot_is_bad(const struct boot_env *env, const struct digest *content)
{
	char mark[BOOT_MARK_LEN];

	boot_mark(content, mark);
	for (size_t i = 0; i < BOOT_BAD_MAX; i++)
		if (!strcmp(env->bad[i], mark))
			return true;
	/* the bootloader went back, and nobody has settled that yet */
	return env->rolled_back && !strcmp(env->trial, mark);
}

static bool env_equal(const struct boot_env *x, const struct boot_env *y)
{
	return x->slot == y->slot && x->upgrade_available == y->upgrade_available &&
	       x->bootcount == y->bootcount && x->bootlimit == y->bootlimit &&
	       x->epoch == y->epoch && x->rolled_back == y->rolled_back &&
	       !strcmp(x->trial, y->trial) && !memcmp(x->bad, y->bad, sizeof(x->bad));
}

static void env_print(const struct boot_env *env, char out[128])
{
	snprintf(out, 128, "slot %c, trial %d, count %u of %u, epoch %ju, rolled back %d",
		env->slot, env->upgrade_available, env->bootcount, env->bootlimit,
		(uintmax_t)env->epoch, env->rolled_back);
}

int boot_load(const struct boot_backend *backend, const char *where, struct boot_env *env,
	struct err *err)
{
	return backend->load(where, env, err);
}

static int compare(const struct boot_backend *backend, const char *where,
	const struct boot_env *wanted, struct err *err)
{
	char wanted_text[128], found_text[128];
	struct boot_env found;

	if (boot_load(backend, where, &found, err) < 0)
		return err_wrap(err, "reading back what was stored");
	if (env_equal(&found, wanted))
		return 0;
	env_print(wanted, wanted_text);
	env_print(&found, found_text);
	err_set(err, OTA_BOOTENV,
		"boot environment (%s): what was stored reads back differently: wanted %s; found "
		"%s",
		where, wanted_text, found_text);
	return err_hint(err,
		"the storage may be write-protected or worn out; compare: fw_printenv -c %s",
		where);
}

int boot_store(const struct boot_backend *backend, const char *where, const struct boot_env *env,
	struct err *err)
{
	struct boot_env found;

	if (boot_load(backend, where, &found, err) < 0)
		return -1;
	/* what a run that was killed before its sync has stored is not yet there to stay */
	if (env_equal(&found, env))
		return backend->sync(where, err);
	if (backend->store(where, env, err) < 0)
		return -1;
	return compare(backend, where, env, err);
}

int boot_create(const struct boot_backend *backend, const char *where, const char *defaults,
	const struct boot_env *env, struct err *err)
{
	if (backend->create(where, defaults, env, err) < 0)
		return -1;
	return compare(backend, where, env, err);
}
