/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/device.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/network.h"
#include "cmd/output.h"

/* Where a machine keeps a name of its own, the surest first. */
static const char *const name_files[] = {"/sys/firmware/devicetree/base/serial-number",
	"/sys/class/dmi/id/product_serial", "/etc/machine-id"};

/* A hash, so that the serial number itself need not stand in logs. */
static bool hash_name(struct front *front, const char *file, char id[DIGEST_HEX_LEN])
{
	AUTO_BUF text = BUF(256);
	struct digest digest;
	struct err ignored;
	char path[PATH_MAX];

	if (front_path(front, file, path, &ignored) < 0 || file_read(path, &text, &ignored) < 0 ||
		text.len == 0 || digest_of(text.data, text.len, &digest, &ignored) < 0)
		return false;
	digest_hex(&digest, id);
	return true;
}

static const char *find_id(struct front *front, char id[DIGEST_HEX_LEN])
{
	if (front->config.device.id)
		return front->config.device.id;
	for (size_t i = 0; i < ARRAY_LEN(name_files); i++)
		if (hash_name(front, name_files[i], id))
			return id;
	return NULL;
}

static void warn(void *front, const char *text)
{
	output_warn(front, "%s", text);
}

/* Where the kernel shows its own state. */
static int find_kernel_files(const struct front *front, const char *watchdog,
	struct device_facts *facts, struct err *err)
{
	const char *name = strrchr(watchdog, '/');
	char status[PATH_MAX];

	snprintf(status, sizeof(status), "/sys/class/watchdog/%s/bootstatus",
		name ? name + 1 : watchdog);
	if (front_path(front, status, facts->watchdog_status, err) < 0)
		return -1;
	return front_path(front, "/proc/sys/kernel/random/boot_id", facts->boot_id, err);
}

int device_read(struct front *front, struct device_facts *facts, struct err *err)
{
	const struct config *c = front_host_config(front, err);

	if (!c || find_kernel_files(front, c->boot.watchdog, facts, err) < 0)
		return -1;
	facts->device = (struct device){
		.compatible = c->device.compatible,
		.channel = c->device.channel,
		.id = find_id(front, facts->id),
		.store = c->device.store,
		.trust = c->device.trust,
		.signers = (unsigned)c->device.signers,
		.budget = c->network.budget,
		.slots = {c->slot_a.device, c->slot_b.device},
		.boot = boot_backend_find(c->boot.backend, c->boot.preset, err),
		.boot_env = c->boot.env,
		.attempts = (unsigned)c->boot.attempts,
		.cmdline = c->device.cmdline,
		.boot_id = facts->boot_id,
		.watchdog_status = facts->watchdog_status,
		.boot_files = c->boot.files,
		.boot_target = c->boot.target,
		.root = front->options.root ? NULL : "/",
		.checks = c->commit.checks,
		.checks_timeout_ms = c->commit.timeout_ms,
		.hooks = {c->device.hooks, warn, front},
	};
	return facts->device.boot ? 0 : -1;
}

struct source *device_source(struct front *front, const char *text, struct err *err)
{
	const struct config *c = front_host_config(front, err);
	struct network network;

	if (!c)
		return NULL;
	if (!text)
		text = c->device.source;
	if (!text) {
		err_set(err, OTA_CONFIG, "no source: [device] has no source =");
		err_hint(err, "set it, or name one: ota %s SOURCE", front->command);
		return NULL;
	}
	return network_read(front, &network, err) < 0 ? NULL
						      : source_open(text, &network.options, err);
}
