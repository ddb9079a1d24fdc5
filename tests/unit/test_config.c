/* SPDX-License-Identifier: Apache-2.0 */
/* ota.conf: its defaults, what the root prefix touches, and each kind of bad file with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/config.h"

#define LEAST "[device]\ncompatible = acme\n[slot.a]\ndevice = /dev/a\n[slot.b]\ndevice = /dev/b\n"

static struct config config;
static struct err err;

static int parse_root(const char *text, const char *root)
{
	/* a copy without the NUL, so that a read past the end is seen */
	size_t len = strlen(text);
	AUTO_FREE char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	err = (struct err){0};
	if (config_parse(copy, len, "ota.conf", root, &config, &err) < 0)
		return -1;
	if (config_check_host(&config, "ota.conf", &err) == 0)
		return 0;
	config_free(&config);
	return -1;
}

static void assert_taken(const char *text)
{
	if (parse_root(text, "") < 0)
		fail_msg("%s", err.msg);
}

/* Refused, with this place and this word in the message. */
static void assert_refused(const char *text, const char *place, const char *word)
{
	assert_int_equal(parse_root(text, ""), -1);
	assert_int_equal(err.code, OTA_CONFIG);
	if (strncmp(err.msg, place, strlen(place)) || !strstr(err.msg, word))
		fail_msg("'%s' should begin with '%s' and name '%s'", err.msg, place, word);
}

static void defaults(void **state)
{
	(void)state;
	assert_taken(LEAST);
	assert_string_equal(config.device.compatible, "acme");
	assert_null(config.device.source);
	assert_null(config.device.id);
	assert_null(config.device.channel);
	assert_string_equal(config.device.trust, "/etc/ota/trust.d");
	assert_int_equal(config.device.signers, 1);
	assert_string_equal(config.device.store, "/var/lib/ota");
	assert_string_equal(config.device.hooks, "/etc/ota/hooks.d");
	assert_string_equal(config.device.cmdline, "/proc/cmdline");
	assert_string_equal(config.slot_a.device, "/dev/a");
	assert_string_equal(config.slot_b.device, "/dev/b");
	assert_string_equal(config.boot.backend, "uboot");
	assert_string_equal(config.boot.preset, "ota");
	assert_string_equal(config.boot.env, "/etc/fw_env.config");
	assert_string_equal(config.boot.files, "/boot");
	assert_string_equal(config.boot.target, "/boot/ota");
	assert_int_equal(config.boot.attempts, 3);
	assert_string_equal(config.boot.watchdog, "/dev/watchdog0");
	assert_string_equal(config.boot.watchdog_after, "pet");
	assert_int_equal(config.boot.watchdog_timeout_ms, 30000);
	assert_int_equal(config.boot.watchdog_deadline_ms, 600000);
	assert_string_equal(config.commit.checks, "/etc/ota/checks.d");
	assert_int_equal(config.commit.timeout_ms, 300000);
	assert_int_equal(config.network.insecure_http.count, 0);
	assert_null(config.network.proxy);
	assert_true(config.network.limit_rate == 0 && config.network.budget == 0);
	assert_string_equal(config.container.compose, "/etc/ota/compose.yaml");
	assert_string_equal(config.container.runtime, "auto");
	assert_string_equal(config.container.unsigned_images, "refuse");
	config_free(&config);
}

static void every_key(void **state)
{
	(void)state;
	assert_taken("# a comment\n; another\n\n" LEAST
		     "[network]\nproxy=http://p:3128\nca-file=/ca\nclient-cert=/c\nclient-key=/k\n"
		     "limit-rate = 200K/s\nbudget = 20M\ninsecure-http = h1  h2:8080 [::1]:80\n"
		     "[device]\nsource = https://x/y#t\nid = dev-7\nchannel = beta\nsigners = 2\n"
		     "trust = /t\nstore = /s\nhooks = /h\ncmdline = /l\n"
		     "[boot]\nbackend = grub\npreset = rauc\nenv = /e\nfiles =\ntarget = /b\n"
		     "attempts = 99\nwatchdog = /w\nwatchdog-after = close\n"
		     "watchdog-timeout = 1min\nwatchdog-deadline = 1h\n[commit]\nchecks = "
		     "/ch\ntimeout = 30s\n"
		     "[container]\ncompose = /y\nruntime = crun\nunsigned = allow");
	assert_int_equal(config.network.insecure_http.count, 3);
	assert_string_equal(config.network.insecure_http.items[1], "h2:8080");
	assert_int_equal(config.network.limit_rate, 200 << 10);
	assert_int_equal(config.network.budget, 20 << 20);
	assert_int_equal(config.device.signers, 2);
	assert_string_equal(config.boot.files, "");
	assert_string_equal(config.boot.watchdog_after, "close");
	assert_int_equal(config.boot.watchdog_timeout_ms, 60000);
	assert_int_equal(config.boot.watchdog_deadline_ms, 3600000);
	assert_int_equal(config.commit.timeout_ms, 30000);
	assert_string_equal(config.container.unsigned_images, "allow");
	config_free(&config);
}

static void a_value_runs_to_its_end(void **state)
{
	(void)state;
	assert_taken(LEAST "[device]\nid = a ; b # c;d = e:f\t\r\n");
	assert_string_equal(config.device.id, "a ; b # c;d = e:f");
	config_free(&config);
	assert_taken(LEAST "[device]\nid = ;x\n");
	assert_string_equal(config.device.id, ";x");
	config_free(&config);
}

static void root_comes_before_every_path(void **state)
{
	(void)state;
	assert_int_equal(parse_root(LEAST "[device]\nsource = oci:/usb:t\n", "/box"), 0);
	assert_string_equal(config.slot_a.device, "/box/dev/a");
	assert_string_equal(config.device.store, "/box/var/lib/ota");
	assert_string_equal(config.device.cmdline, "/box/proc/cmdline");
	assert_string_equal(config.device.source, "oci:/box/usb:t");
	assert_string_equal(config.boot.backend, "uboot");
	config_free(&config);
	assert_int_equal(
		parse_root(LEAST "[device]\nsource = http://h/d\n[boot]\nfiles =\n", "/b"), 0);
	assert_string_equal(config.device.source, "http://h/d");
	assert_string_equal(config.boot.files, "");
	config_free(&config);
}

static void unknown_and_doubled(void **state)
{
	(void)state;
	assert_refused(LEAST "[device]\ncolour = red\n", "ota.conf:8:", "colour");
	assert_refused(LEAST "[slot.c]\ndevice = /x\n", "ota.conf:8:", "slot.c");
	assert_refused("compatible = x\n" LEAST, "ota.conf:1:", "compatible");
	assert_refused(LEAST "[device]\nchannel = x\n[boot]\nattempts = 1\n[device]\nchannel = x\n",
		"ota.conf:12:", "line 8");
	assert_refused(LEAST "[Device]\nid = x\n", "ota.conf:8:", "Device");
	assert_refused(LEAST "[device]\nID = x\n", "ota.conf:8:", "ID");
}

static void required_keys(void **state)
{
	(void)state;
	assert_refused("", "ota.conf:", "compatible");
	assert_refused("[slot.a]\ndevice = /a\n[slot.b]\ndevice = /b\n", "ota.conf:", "compatible");
	assert_refused("[device]\ncompatible = x\n[slot.a]\ndevice = /a\n", "ota.conf:", "slot.b");
	assert_refused("[device]\ncompatible =\n", "ota.conf:2:", "empty");
	assert_refused("[device]\ncompatible = x\n[slot.a]\ndevice = /a\n[slot.b]\ndevice = /a\n",
		"ota.conf:", "both slots");
}

static void lines_that_inih_would_change(void **state)
{
	char text[2048];

	(void)state;
	snprintf(text, sizeof(text), "%s[device]\nid = %0185d\n", LEAST, 7);
	assert_taken(text);
	assert_int_equal(strlen(config.device.id), 185);
	config_free(&config);
	snprintf(text, sizeof(text), "%s[device]\nid = %0186d\n", LEAST, 7);
	assert_refused(text, "ota.conf:8:", "190 bytes");
	snprintf(text, sizeof(text), "%s#%01000d\n", LEAST, 7);
	assert_refused(text, "ota.conf:7:", "190 bytes");
	assert_refused(LEAST "[device]\nid = x\n  and more\n", "ota.conf:9:", "white space");
	assert_refused(LEAST "[device]\n id = x\n", "ota.conf:8:", "white space");
	assert_refused(LEAST "[device]\nid: x\n", "ota.conf:8:", "key = value");
	assert_refused(LEAST "[device]\nid\n", "ota.conf:8:", "key = value");
	assert_refused(LEAST "[device\nid = x\n", "ota.conf:7:", "[section]");
	assert_refused(LEAST "[device] id = x\n", "ota.conf:7:", "[section]");
	assert_refused(LEAST "[device]\nid = a\001b\n", "ota.conf:8:", "control");
	assert_refused(LEAST "[device]\nid = a\rb\n", "ota.conf:8:", "control");
}

static void nul_bytes_and_size(void **state)
{
	static const char nul[] = LEAST "[device]\nid = a\0b\n";
	AUTO_FREE char *large = malloc(CONFIG_MAX_BYTES + 1);

	(void)state;
	assert_int_equal(config_parse(nul, sizeof(nul) - 1, "ota.conf", "", &config, &err), -1);
	assert_non_null(strstr(err.msg, "ota.conf:8:"));
	assert_non_null(large);
	memset(large, '\n', CONFIG_MAX_BYTES + 1);
	assert_int_equal(
		config_parse(large, CONFIG_MAX_BYTES + 1, "ota.conf", "", &config, &err), -1);
	assert_non_null(strstr(err.msg, "larger than"));
}

static void values_out_of_range(void **state)
{
	static const char *const bad[] = {"[device]\nsigners = 0", "[device]\nsigners = -1",
		"[device]\nsigners = 65", "[device]\nsigners = 18446744073709551617",
		"[device]\nstore = var/lib", "[device]\nsource = ftp://x",
		"[device]\nsource = oci:x", "[device]\nsource = https://", "[boot]\nattempts = 0",
		"[boot]\nattempts = 100", "[boot]\nattempts = 3 ; three", "[boot]\nbackend = lilo",
		"[boot]\nbackend = uboot|grub", "[boot]\npreset = none",
		"[boot]\nwatchdog =", "[boot]\nwatchdog-after = stop",
		"[boot]\nwatchdog-timeout = 999ms", "[boot]\nwatchdog-deadline = 0",
		"[commit]\ntimeout = 0", "[commit]\ntimeout = 5 min", "[commit]\ntimeout = 31d",
		"[network]\nbudget = 0", "[network]\nlimit-rate = fast",
		"[network]\ninsecure-http = http://h", "[network]\ninsecure-http = h:0",
		"[network]\ninsecure-http = h:65536", "[network]\ninsecure-http = [::1",
		"[network]\nproxy =", "[container]\nruntime = lxc", "[container]\nunsigned = yes"};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "%s%s\n", LEAST, bad[i]);
		assert_refused(text, "ota.conf:8:", "");
	}
	assert_refused(LEAST "[network]\nclient-cert = /c\n", "ota.conf:", "client-key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key),
		cmocka_unit_test(a_value_runs_to_its_end),
		cmocka_unit_test(root_comes_before_every_path),
		cmocka_unit_test(unknown_and_doubled),
		cmocka_unit_test(required_keys),
		cmocka_unit_test(lines_that_inih_would_change),
		cmocka_unit_test(nul_bytes_and_size),
		cmocka_unit_test(values_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
