/* SPDX-License-Identifier: Apache-2.0 */
/* The U-Boot backend against real environment files, and boot_store()'s comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "boot/env.h"
#include "boot/uboot.h"

#define SIZE 0x400u
#define HEADER 5u
#define CONFIG "fw_env.config"

static char dir[64];
static int home = -1;

static uint32_t crc32_of(const unsigned char *data, size_t len)
{
	uint32_t crc = UINT32_MAX;

	while (len--) {
		crc ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* One sound copy: checksum, flag, variables that end with an empty one. */
static void make_copy(unsigned char out[SIZE], unsigned char flag, const char *vars, size_t len)
{
	assert_true(len < SIZE - HEADER);
	memset(out, 0, SIZE);
	memcpy(out + HEADER, vars, len);
	out[4] = flag;
	uint32_t crc = crc32_of(out + HEADER, SIZE - HEADER);
	memcpy(out, &crc, sizeof(crc));
}

static void write_at(const char *name, const void *data, size_t len, off_t offset)
{
	AUTO_FD fd = open(name, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, offset), len);
}

static void read_at(const char *name, void *data, size_t len, off_t offset)
{
	AUTO_FD fd = open(name, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, data, len, offset), len);
}

static void write_config(const char *text)
{
	unlink(CONFIG);
	write_at(CONFIG, text, strlen(text), 0);
}

/* Both copies in two files, the second the newer; vars as in a C array: NUL between them. */
static void make_env_bytes(const char *vars, size_t len)
{
	unsigned char copy[SIZE];

	make_copy(copy, 1, vars, len);
	write_at("env0", copy, SIZE, 0);
	make_copy(copy, 2, vars, len);
	write_at("env1", copy, SIZE, 0);
	write_config("# both copies\n\nenv0 0x0 0x400\n  env1 0 400\n");
}

#define make_env(vars) make_env_bytes(vars, sizeof(vars))

static void tear(const char *name)
{
	write_at(name, "torn", 4, 100);
}

static int load(struct boot_env *env, struct err *err)
{
	memset(err, 0, sizeof(*err));
	return boot_load(&boot_uboot, CONFIG, env, err);
}

static int store(const struct boot_env *env, struct err *err)
{
	memset(err, 0, sizeof(*err));
	return boot_store(&boot_uboot, CONFIG, env, err);
}

static void assert_load_fails(const char *says)
{
	struct boot_env env;
	struct err err;

	assert_int_equal(load(&env, &err), -1);
	assert_int_equal(err.code, OTA_BOOTENV);
	if (!strstr(err.msg, says))
		fail_msg("'%s' does not say '%s'", err.msg, says);
	assert_non_null(strstr(err.msg, CONFIG));
	assert_true(strlen(err.hint) > 0);
}

static bool copy_has(const char *name, const char *var)
{
	unsigned char copy[SIZE];

	read_at(name, copy, SIZE, 0);
	return memmem(copy, SIZE, var, strlen(var) + 1);
}

static const struct boot_env swapped = {
	.slot = 'b', .upgrade_available = true, .bootlimit = 3, .epoch = 7};

static void test_load(void **state)
{
	struct boot_env env;
	struct err err;

	(void)state;
	make_env("bootcount=2\0bootlimit=2147483648\0ota_epoch=9223372036854775807\0"
		 "ota_rolled_back=1\0ota_slot=b\0upgrade_available=1\0");
	assert_int_equal(load(&env, &err), 0);
	assert_int_equal(env.slot, 'b');
	assert_true(env.upgrade_available);
	assert_int_equal(env.bootcount, 2);
	assert_true(env.bootlimit == 1u << 31);
	assert_true(env.epoch == INT64_MAX);
	assert_true(env.rolled_back);
}

static void test_missing_counts_as_zero(void **state)
{
	struct boot_env env;
	struct err err;

	(void)state;
	make_env("ota_slot=a\0");
	assert_int_equal(load(&env, &err), 0);
	assert_int_equal(env.slot, 'a');
	assert_false(env.upgrade_available || env.rolled_back);
	assert_int_equal(env.bootcount + env.bootlimit + env.epoch, 0);
}

static void test_store_reads_back(void **state)
{
	struct boot_env env;
	struct err err;

	(void)state;
	make_env("baudrate=115200\0bootcmd=run it=now; echo $x\0ota_rolled_back=1\0ota_slot=a\0");
	assert_int_equal(store(&swapped, &err), 0);
	assert_int_equal(load(&env, &err), 0);
	assert_memory_equal(&env.slot, "b", 1);
	assert_true(env.upgrade_available && !env.rolled_back);
	assert_int_equal(env.bootlimit, 3);
	assert_int_equal(env.epoch, 7);
	/* env1 was in force, so env0 was written; what is not ours is still there */
	assert_true(copy_has("env0", "baudrate=115200"));
	assert_true(copy_has("env0", "bootcmd=run it=now; echo $x"));
	assert_true(copy_has("env0", "ota_slot=b"));
	assert_false(copy_has("env0", "ota_rolled_back=1"));
	assert_true(copy_has("env1", "ota_slot=a"));
}

static void test_stores_alternate(void **state)
{
	struct boot_env next = swapped;
	struct err err;

	(void)state;
	make_env("ota_slot=a\0");
	assert_int_equal(store(&next, &err), 0);
	next.bootcount = 1;
	next.rolled_back = true;
	assert_int_equal(store(&next, &err), 0);
	assert_true(copy_has("env0", "bootcount=0"));
	assert_true(copy_has("env1", "bootcount=1"));
	assert_true(copy_has("env1", "ota_rolled_back=1"));
}

/* A flag of 255 is older than one of 0. */
static void test_flag_wraps(void **state)
{
	struct boot_env env;
	unsigned char copy[SIZE];
	struct err err;

	(void)state;
	make_env("ota_slot=a\0");
	make_copy(copy, 255, "ota_slot=a\0", 12);
	write_at("env1", copy, SIZE, 0);
	make_copy(copy, 254, "ota_slot=a\0", 12);
	write_at("env0", copy, SIZE, 0);
	assert_int_equal(store(&swapped, &err), 0);
	env = swapped;
	env.bootcount = 1;
	assert_int_equal(store(&env, &err), 0);
	assert_int_equal(load(&env, &err), 0);
	assert_int_equal(env.bootcount, 1);
}

static void test_equal_is_not_stored(void **state)
{
	unsigned char before[2][SIZE], after[2][SIZE];
	struct boot_env env;
	struct err err;

	(void)state;
	make_env("ota_slot=a\0");
	read_at("env0", before[0], SIZE, 0);
	read_at("env1", before[1], SIZE, 0);
	assert_int_equal(load(&env, &err), 0);
	assert_int_equal(store(&env, &err), 0);
	read_at("env0", after[0], SIZE, 0);
	read_at("env1", after[1], SIZE, 0);
	assert_memory_equal(before, after, sizeof(before));
}

static void test_two_offsets_in_one_file(void **state)
{
	unsigned char copy[SIZE];
	struct boot_env env;
	struct err err;

	(void)state;
	make_copy(copy, 1, "ota_slot=a\0", 12);
	write_at("both", copy, SIZE, 0x100);
	write_at("both", copy, SIZE, 0x800);
	write_config("both 0x100 0x400\nboth 0x800 0x400 0x200 2\n");
	assert_int_equal(store(&swapped, &err), 0);
	assert_int_equal(load(&env, &err), 0);
	assert_int_equal(env.slot, 'b');
}

static void test_one_torn_copy(void **state)
{
	struct boot_env env;
	struct err err;

	(void)state;
	make_env("ota_slot=b\0");
	tear("env1");
	assert_int_equal(load(&env, &err), 0);
	assert_int_equal(env.slot, 'b');
	/* the torn copy is the one that is written over */
	assert_int_equal(store(&swapped, &err), 0);
	assert_true(copy_has("env0", "ota_slot=b"));
	assert_true(copy_has("env1", "upgrade_available=1"));
}

static void test_both_torn(void **state)
{
	struct err err;

	(void)state;
	make_env("ota_slot=b\0");
	tear("env0");
	tear("env1");
	assert_load_fails("both copies are damaged");
	assert_int_equal(store(&swapped, &err), -1);
	assert_int_equal(err.code, OTA_BOOTENV);
	assert_false(copy_has("env0", "upgrade_available=1"));
	assert_false(copy_has("env1", "upgrade_available=1"));
}

static void assert_bad(const char *vars, size_t len, const char *says)
{
	make_env_bytes(vars, len);
	assert_load_fails(says);
}

#define BAD(vars, says) assert_bad(vars, sizeof(vars), says)

static void test_bad_values(void **state)
{
	(void)state;
	BAD("bootcount=1\0", "ota_slot is missing");
	BAD("ota_slot=c\0", "ota_slot is 'c'");
	BAD("ota_slot=ab\0", "ota_slot is 'ab'");
	BAD("ota_slot=\0", "ota_slot is ''");
	BAD("ota_slot=a\0upgrade_available=2\0", "upgrade_available is '2'");
	BAD("ota_slot=a\0ota_rolled_back=yes\0", "ota_rolled_back is 'yes'");
	BAD("ota_slot=a\0bootcount=2147483649\0", "bootcount is '2147483649'");
	BAD("ota_slot=a\0bootcount=-1\0", "bootcount is '-1'");
	BAD("ota_slot=a\0bootcount= 1\0", "bootcount is ' 1'");
	BAD("ota_slot=a\0bootlimit=0x3\0", "bootlimit is '0x3'");
	BAD("ota_slot=a\0bootlimit=\0", "bootlimit is ''");
	BAD("ota_slot=a\0ota_epoch=9223372036854775808\0", "ota_epoch is");
	BAD("ota_slot=a\0ota_epoch=18446744073709551617\0", "ota_epoch is");
}

static void assert_config_fails(const char *config, const char *says)
{
	write_config(config);
	assert_load_fails(says);
}

static void test_bad_config(void **state)
{
	(void)state;
	make_env("ota_slot=a\0");
	assert_config_fails("", "names no copy");
	assert_config_fails("env0 0 0x400\n", "one copy only");
	assert_config_fails("env0 0 0x400\nenv1 0 0x400\nenv1 0 0x400\n", "line 3");
	assert_config_fails("env0 0 0x400\n\n# half a line\nenv1 0\n", "line 4");
	assert_config_fails("env0\n", "line 1");
	assert_config_fails("env0 here 0x400\n", "line 1");
	assert_config_fails("env0 0 0\n", "line 1");
	assert_config_fails("env0 0 -400\n", "line 1");
	assert_config_fails("env0 0 0x40000000\n", "line 1");
	assert_config_fails("env0 99999999999999999999 0x400\n", "line 1");
	assert_config_fails("env0 0 0x400 sectors\n", "line 1");
	assert_config_fails("env0 0 0x400\nenv1 0 0x200\n", "differ in size");
	assert_config_fails("env0 0 0x400\nenv0 0x3ff 0x400\n", "overlap");
	assert_config_fails("env0 0 0x400\nenv0 -0x400 0x400\n", "overlap");
	assert_config_fails("env0 -0x401 0x400\nenv1 0 0x400\n", "before the begin");
	assert_config_fails("/dev/null -1 0x400\nenv1 0 0x400\n", "raw flash");
	assert_config_fails("ubi0:env -1 0x400\nenv1 0 0x400\n", "raw flash");
	assert_config_fails("env0 0 0x400\nmissing 0 0x400\n", "missing: No such file");
	assert_config_fails("env0 0 0x400\nenv1 0x800 0x400\n", "could not be read");
	write_at(CONFIG, "\0", 1, 5);
	assert_load_fails("not a text file");
	unlink(CONFIG);
	assert_load_fails("No such file");
}

static void test_config_may_be_a_link(void **state)
{
	struct boot_env env;
	struct err err;

	(void)state;
	make_env("ota_slot=a\0");
	assert_int_equal(rename(CONFIG, "real.config"), 0);
	assert_int_equal(symlink("real.config", CONFIG), 0);
	assert_int_equal(load(&env, &err), 0);
}

/* Room for less than the committed variables, and for exactly them. */
static void test_full(void **state)
{
	static const char ours[] = "bootcount=0\0bootlimit=3\0ota_epoch=7\0ota_slot=b\0"
				   "upgrade_available=0";
	const struct boot_env committed = {.slot = 'b', .bootlimit = 3, .epoch = 7};
	char vars[SIZE] = "ota_slot=a";
	size_t room = SIZE - HEADER - 1 - sizeof(ours);
	struct boot_env env;
	struct err err;

	(void)state;
	memset(vars + 11, 'z', room + 1);
	vars[12] = '=';
	vars[11 + room] = '\0';
	make_env_bytes(vars, 11 + room + 1);
	assert_int_equal(store(&committed, &err), -1);
	assert_int_equal(err.code, OTA_SPACE);
	assert_non_null(strstr(err.msg, "full"));
	assert_int_equal(load(&env, &err), 0);
	assert_int_equal(env.slot, 'a');
	assert_false(copy_has("env0", "ota_slot=b"));

	vars[11 + room - 1] = '\0';
	make_env_bytes(vars, 11 + room);
	assert_int_equal(store(&committed, &err), 0);
	assert_int_equal(load(&env, &err), 0);
	assert_int_equal(env.slot, 'b');
}

/* A trial needs room for what the bootloader stores on it; one that cannot be counted would never
 * end. */
static void test_a_trial_leaves_room(void **state)
{
	static const char fill[] = "fill=";
	char vars[SIZE] = "ota_slot=a";
	struct boot_env env = swapped;
	struct err err;

	(void)state;
	memset(vars + 11, 'z', SIZE - HEADER - 11 - 100);
	memcpy(vars + 11, fill, strlen(fill));
	make_env_bytes(vars, SIZE - HEADER - 99);
	assert_int_equal(store(&swapped, &err), -1);
	assert_int_equal(err.code, OTA_SPACE);
	assert_true(copy_has("env0", "ota_slot=a") && copy_has("env1", "ota_slot=a"));
	env.upgrade_available = false;
	assert_int_equal(store(&env, &err), 0);
}

/* .flags comes back longer: "z:s" as "z:sa". What the library would write past the end is refused
 * here, wherever .flags stands and also with offsets from the end. */
static void check_flags_are_counted(const char *before, const char *behind)
{
	static const char ours[] = "bootcount=0\0bootlimit=3\0ota_epoch=7\0ota_slot=b\0"
				   "upgrade_available=0\0.flags=z:sa";
	const struct boot_env committed = {.slot = 'b', .bootlimit = 3, .epoch = 7};
	char vars[SIZE] = "";
	size_t room = SIZE - HEADER - 1 - sizeof(ours), at = 0;
	struct boot_env env;
	struct err err;

	for (int spare = 0; spare < 2; spare++) {
		memset(vars, 0, sizeof(vars));
		at = strlen(before) ? strlen(strcpy(vars, before)) + 1 : 0;
		at += strlen(strcpy(vars + at, "ota_slot=a")) + 1;
		memset(vars + at, 'z', room - (size_t)spare);
		vars[at + 1] = '=';
		at += room + 1 - (size_t)spare;
		strcpy(vars + at, behind);
		make_env_bytes(vars, at + strlen(behind) + 1);
		write_config("env0 -0x400 0x400\nenv1 -0x400 0x400\n");
		assert_int_equal(store(&committed, &err), spare ? 0 : -1);
		assert_int_equal(spare ? OTA_SPACE : err.code, OTA_SPACE);
		assert_int_equal(load(&env, &err), 0);
		assert_int_equal(env.slot, spare ? 'b' : 'a');
	}
}

static void test_flags_count(void **state)
{
	(void)state;
	check_flags_are_counted(".flags=z:s", "");
	check_flags_are_counted("", ".flags=z:s");
}

static void test_forbidden_by_flags(void **state)
{
	struct boot_env env;
	struct err err;

	(void)state;
	make_env(".flags=ota_slot:sr\0ota_slot=a\0");
	assert_int_equal(store(&swapped, &err), -1);
	assert_int_equal(err.code, OTA_BOOTENV);
	assert_non_null(strstr(err.msg, "ota_slot"));
	assert_int_equal(load(&env, &err), 0);
	assert_false(env.upgrade_available);
}

static int create(const char *defaults, struct err *err)
{
	memset(err, 0, sizeof(*err));
	return boot_create(&boot_uboot, CONFIG, defaults, &swapped, err);
}

static void assert_both_have(const char *var)
{
	assert_true(copy_has("env0", var));
	assert_true(copy_has("env1", var));
}

static void test_create_makes_both_copies(void **state)
{
	static const char nothing[SIZE];
	struct err err;

	(void)state;
	make_env("board=keepme\0");
	write_at("env0", nothing, SIZE, 0);
	write_at("env1", nothing, SIZE, 0);
	unlink("defaults");
	write_at("defaults", "bootcmd=run x\nbootdelay=0\n", 26, 0);
	assert_load_fails("both copies");
	assert_int_equal(create("nowhere", &err), -1);
	assert_int_equal(err.code, OTA_CONFIG);
	assert_int_equal(create("defaults", &err), 0);
	assert_both_have("bootcmd=run x");
	assert_both_have("ota_slot=b");
	assert_both_have("ota_epoch=7");
	unlink("defaults");
}

static void test_create_keeps_what_is_there(void **state)
{
	struct err err;

	(void)state;
	make_env("board=keepme\0ota_slot=a\0");
	tear("env1");
	assert_int_equal(create(NULL, &err), 0);
	assert_both_have("board=keepme");
	assert_both_have("ota_slot=b");
}

static void test_marks(void **state)
{
	struct boot_env env;
	struct err err;

	(void)state;
	make_env("ota_bad=0123456789abcdef,nonsense,,0123456789ABCDEF,00000000000000001,"
		 "fedcba9876543210\0ota_slot=a\0ota_trial=0123\0");
	assert_int_equal(load(&env, &err), 0);
	assert_string_equal(env.bad[0], "0123456789abcdef");
	assert_string_equal(env.bad[1], "fedcba9876543210");
	assert_int_equal(env.bad[2][0], 0);
	assert_int_equal(env.trial[0], 0);
	strcpy(env.trial, "00000000000000aa");
	memset(env.bad, 0, sizeof(env.bad));
	assert_int_equal(store(&env, &err), 0);
	assert_true(copy_has("env0", "ota_trial=00000000000000aa"));
	assert_false(copy_has("env0", "ota_bad="));
	assert_int_equal(load(&env, &err), 0);
	assert_string_equal(env.trial, "00000000000000aa");
}

static struct boot_env kept;
static int stores;

static int fake_load(const char *where, struct boot_env *env, struct err *err)
{
	(void)where;
	(void)err;
	*env = kept;
	return 0;
}

/* Storage that says yes and keeps one field as it was. */
static int fake_store(const char *where, const struct boot_env *env, struct err *err)
{
	unsigned old = kept.bootlimit;

	(void)where;
	(void)err;
	kept = *env;
	kept.bootlimit = old;
	stores++;
	return 0;
}

static int syncs;

static int fake_sync(const char *where, struct err *err)
{
	(void)where;
	(void)err;
	syncs++;
	return 0;
}

static const struct boot_backend fake = {"fake", fake_load, fake_store, fake_sync, NULL};

/* A run that was killed may have stored it, and not come to its sync. */
static void test_what_is_there_is_made_durable(void **state)
{
	struct err err = {0};

	(void)state;
	kept = swapped;
	stores = syncs = 0;
	assert_int_equal(boot_store(&fake, "here", &swapped, &err), 0);
	assert_int_equal(stores, 0);
	assert_int_equal(syncs, 1);
}

static void test_difference_is_found(void **state)
{
	struct err err = {0};

	(void)state;
	kept = (struct boot_env){.slot = 'a', .bootlimit = 1};
	stores = 0;
	assert_int_equal(boot_store(&fake, "here", &swapped, &err), -1);
	assert_int_equal(err.code, OTA_BOOTENV);
	assert_non_null(strstr(err.msg, "reads back differently"));
	assert_int_equal(stores, 1);
}

static void test_backend_words(void **state)
{
	struct err err = {0};

	(void)state;
	assert_ptr_equal(boot_backend_find("uboot", "ota", &err), &boot_uboot);
	assert_null(boot_backend_find("grub", "ota", &err));
	assert_int_equal(err.code, OTA_CONFIG);
	assert_non_null(strstr(err.msg, "not built"));
	assert_null(boot_backend_find("uboot", "rauc", &err));
	assert_int_equal(err.code, OTA_CONFIG);
	assert_non_null(strstr(err.msg, "not built"));
	assert_null(boot_backend_find("lilo", "ota", &err));
	assert_int_equal(err.code, OTA_CONFIG);
	assert_non_null(strstr(err.msg, "not a known backend"));
	assert_null(boot_backend_find("uboot", "", &err));
	assert_int_equal(err.code, OTA_CONFIG);
	assert_non_null(strstr(err.msg, "not a known preset"));
}

static int enter(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ota-test-XXXXXX");
	home = open(".", O_RDONLY | O_DIRECTORY);
	return home < 0 || !mkdtemp(dir) || chdir(dir) < 0;
}

static int leave(void **state)
{
	static const char *const names[] = {CONFIG, "real.config", "env0", "env1", "both"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(names[i]);
	int ret = fchdir(home);
	close(home);
	return ret < 0 || rmdir(dir) < 0;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_load),
		IN_FOLDER(test_missing_counts_as_zero),
		IN_FOLDER(test_store_reads_back),
		IN_FOLDER(test_stores_alternate),
		IN_FOLDER(test_flag_wraps),
		IN_FOLDER(test_equal_is_not_stored),
		IN_FOLDER(test_two_offsets_in_one_file),
		IN_FOLDER(test_one_torn_copy),
		IN_FOLDER(test_both_torn),
		IN_FOLDER(test_bad_values),
		IN_FOLDER(test_bad_config),
		IN_FOLDER(test_config_may_be_a_link),
		IN_FOLDER(test_full),
		IN_FOLDER(test_a_trial_leaves_room),
		IN_FOLDER(test_flags_count),
		IN_FOLDER(test_forbidden_by_flags),
		IN_FOLDER(test_create_makes_both_copies),
		IN_FOLDER(test_create_keeps_what_is_there),
		IN_FOLDER(test_marks),
		cmocka_unit_test(test_what_is_there_is_made_durable),
		cmocka_unit_test(test_difference_is_found),
		cmocka_unit_test(test_backend_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
