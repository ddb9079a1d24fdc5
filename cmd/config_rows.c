/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/config.h"

#define AT(field) offsetof(struct config, field)

const struct config_row config_rows[] = {
	{"device", "compatible", CONFIG_STRING, .offset = AT(device.compatible), "NAME", NULL,
		"What this hardware is called. A release that was packed for another name is "
		"refused.",
		.required = true},
	{"device", "source", CONFIG_SOURCE, .offset = AT(device.source), "SOURCE", NULL,
		"Where releases come from when a command names no source."},
	{"device", "channel", CONFIG_STRING, .offset = AT(device.channel), "NAME", NULL,
		"The channel that a release must have been packed for. Without it, any."},
	{"device", "id", CONFIG_STRING, .offset = AT(device.id), "NAME", NULL,
		"The device's own name, which decides its place in a rollout by waves, and when it "
		"asks with ota check --jitter. Without it, a hash of the machine's serial number "
		"or "
		"machine-id."},
	{"device", "trust", CONFIG_PATH, .offset = AT(device.trust), "FOLDER", "/etc/ota/trust.d",
		"Public keys, *.pub, in PEM: Ed25519, ECDSA P-256, RSA of 3072 to 4096 bits."},
	{"device", "signers", CONFIG_UINT, .offset = AT(device.signers), "N", "1",
		"How many distinct keys must have signed a release, 1 to 64.", .min = 1, .max = 64},
	{"device", "store", CONFIG_PATH, .offset = AT(device.store), "FOLDER", CONFIG_DEFAULT_STORE,
		"Where fetched releases and records are kept. Created if missing."},
	{"device", "hooks", CONFIG_PATH, .offset = AT(device.hooks), "FOLDER", "/etc/ota/hooks.d",
		"Programs to run before and after a step."},
	{"device", "cmdline", CONFIG_PATH, .offset = AT(device.cmdline), "FILE", "/proc/cmdline",
		"The kernel command line, which tells the running slot."},
	{"slot.a", "device", CONFIG_PATH, .offset = AT(slot_a.device), "PATH", NULL,
		"Slot a: a block device or a plain file.", .required = true},
	{"slot.b", "device", CONFIG_PATH, .offset = AT(slot_b.device), "PATH", NULL,
		"Slot b: a block device or a plain file.", .required = true},
	{"boot", "backend", CONFIG_CHOICE, .offset = AT(boot.backend),
		"uboot|grub|systemd-boot|rpi-tryboot|custom", "uboot",
		"The bootloader. What this build lacks is refused with status 20."},
	{"boot", "preset", CONFIG_CHOICE, .offset = AT(boot.preset),
		"ota|rauc|mender|swupdate|nerves|balena", "ota",
		"Which variables of the U-Boot environment the boot script knows."},
	{"boot", "env", CONFIG_PATH, .offset = AT(boot.env), "FILE", "/etc/fw_env.config",
		"Where the copies of the U-Boot environment are. The paths inside this file are "
		"taken "
		"as they stand, also with --root."},
	{"boot", "files", CONFIG_INSIDE, .offset = AT(boot.files), "FOLDER", "/boot",
		"The folder of boot files inside an image. Empty: this device has none.",
		.may_be_empty = true},
	{"boot", "target", CONFIG_PATH, .offset = AT(boot.target), "FOLDER", "/boot/ota",
		"Where the boot files of both slots are kept, a folder on the boot partition: in a "
		"and b below it."},
	{"boot", "attempts", CONFIG_UINT, .offset = AT(boot.attempts), "N", "3",
		"How often a slot on trial is booted before the bootloader goes back, 1 to 99.",
		.min = 1, .max = 99},
	{"boot", "watchdog", CONFIG_PATH, .offset = AT(boot.watchdog), "DEVICE", "/dev/watchdog0",
		"The hardware watchdog."},
	{"boot", "watchdog-timeout", CONFIG_TIME, .offset = AT(boot.watchdog_timeout_ms), "TIME",
		"30s",
		"How long the hardware waits for ota watchdog before it resets the machine, in "
		"whole seconds; drivers round it.",
		.min = 1000},
	{"boot", "watchdog-deadline", CONFIG_TIME, .offset = AT(boot.watchdog_deadline_ms), "TIME",
		"10min",
		"How long ota watchdog pets a release on trial that nobody keeps: longer than its "
		"start and all its self-tests take.",
		.min = 1},
	{"boot", "watchdog-after", CONFIG_CHOICE, .offset = AT(boot.watchdog_after), "pet|close",
		"pet",
		"What ota watchdog does with nothing on trial: pet on, or leave the watchdog to "
		"others and, after a commit, close it cleanly, which stops the hardware."},
	{"commit", "checks", CONFIG_PATH, .offset = AT(commit.checks), "FOLDER",
		"/etc/ota/checks.d",
		"The self-tests: what stands in required.d must pass, wanted.d is reported. Either "
		"may be missing."},
	{"commit", "timeout", CONFIG_TIME, .offset = AT(commit.timeout_ms), "TIME", "5min",
		"How long each self-test may take.", .min = 1},
	{"network", "insecure-http", CONFIG_HOSTS, .offset = AT(network.insecure_http),
		"HOST[:PORT]...", "",
		"Hosts that may be spoken to without TLS, separated by spaces. HOST covers every "
		"port.",
		.may_be_empty = true},
	{"network", "proxy", CONFIG_STRING, .offset = AT(network.proxy), "URL", NULL,
		"The proxy for every transfer."},
	{"network", "ca-file", CONFIG_PATH, .offset = AT(network.ca_file), "FILE", NULL,
		"The certificates, in PEM, that servers are checked against, in place of the "
		"system's."},
	{"network", "client-cert", CONFIG_PATH, .offset = AT(network.client_cert), "FILE", NULL,
		"The certificate, in PEM, by which this device shows who it is."},
	{"network", "client-key", CONFIG_PATH, .offset = AT(network.client_key), "FILE", NULL,
		"The key of that certificate."},
	{"network", "auth-file", CONFIG_PATH, .offset = AT(network.auth_file), "FILE", NULL,
		"User and password for registries, in the form of ~/.docker/config.json, which is "
		"what counts without this key."},
	{"network", "limit-rate", CONFIG_RATE, .offset = AT(network.limit_rate), "RATE", NULL,
		"The most bytes a second to take from the network. Without it, no limit."},
	{"network", "budget", CONFIG_SIZE, .offset = AT(network.budget), "SIZE", NULL,
		"The most bytes that one release may take from the network, over all runs. Without "
		"it, no limit.",
		.min = 1},
	{"network", "retry-wait", CONFIG_TIME, .offset = AT(network.retry_wait_ms), "TIME", "1s",
		"How long to wait before a request that failed for now is sent again; doubled each "
		"time, up to a minute, and shortened by chance. After six failures that brought "
		"nothing the command ends.",
		.min = 1},
	{"network", "stall-time", CONFIG_TIME, .offset = AT(network.stall_time_ms), "TIME", "60s",
		"A link that gives less than 100 bytes a second for so long, in whole seconds, is "
		"taken for broken.",
		.min = 1000},
	{"container", "compose", CONFIG_PATH, .offset = AT(container.compose), "FILE",
		"/etc/ota/compose.yaml", "The services of this device."},
	{"container", "runtime", CONFIG_CHOICE, .offset = AT(container.runtime), "auto|crun|runc",
		"auto", "What runs containers."},
	{"container", "unsigned", CONFIG_CHOICE, .offset = AT(container.unsigned_images),
		"refuse|allow", "refuse",
		"Whether container images without a signature are taken."},
};
_Static_assert(ARRAY_LEN(config_rows) <= CONFIG_MAX_ROWS, "the parser notes the line of each row");

const size_t n_config_rows = ARRAY_LEN(config_rows);
