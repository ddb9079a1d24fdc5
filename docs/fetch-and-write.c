/* SPDX-License-Identifier: Apache-2.0 */
/* fetch-and-write SOURCE, in the root folder: a release, into the slot that does not run */
#include <stdio.h>
#include "flow/install.h"

static void advance(void *out, uint64_t done_bytes)
{
	fprintf(out, "%ju bytes\n", (uintmax_t)done_bytes);
}

int main(int argc, char **argv)
{
	struct err err = {0};
	const struct device device = {"acme-gateway-1", .signers = 1, .store = "var/lib/ota",
		.trust = "etc/ota/trust.d", .hooks = {.dir = "etc/ota/hooks.d"},
		.slots = {"dev/disk/by-partlabel/rootfs_a", "dev/disk/by-partlabel/rootfs_b"},
		.boot = boot_backend_find("uboot", "ota", &err), .boot_env = "etc/fw_env.config",
		.cmdline = "proc/cmdline", .boot_id = "proc/sys/kernel/random/boot_id"};
	const struct progress progress = {.advance = advance, .ctx = stdout};
	const struct write_options options = {.policy = {.retry = false}};
	struct install_result result;
	AUTO_SOURCE *source = source_open(argv[argc - 1], &(struct source_options){0}, &err);

	if (source && !install_fetch(&device, source, &options.policy, &progress, &result, &err) &&
		!install_write(&device, NULL, &options, &progress, &result, &err))
		return printf("slot %c: %s\n", result.slot, result.release.version) < 0;
	fprintf(stderr, "%s\n", err.msg);
	return code_exit_status(err.code);
}
