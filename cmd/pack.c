/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct pack_args {
	const char *rootfs, *compatible, *version, *output, *expires, *channel;
	uint64_t epoch, phase_percent, level, frame_bytes;
};

#define AT(field) offsetof(struct pack_args, field)

static const struct option_row rows[] = {
	{"rootfs", "IMAGE", "the root file system: ext4, squashfs, erofs, any bytes", OPTION_FILE,
		.offset = AT(rootfs), .required = true},
	{"compatible", "NAME", "the hardware that it is for", OPTION_STRING,
		.offset = AT(compatible), .required = true},
	{"version", "V", "the version of the release", OPTION_STRING, .offset = AT(version),
		.required = true},
	{"output", "LAYOUT[:TAG]", "the OCI layout to put it in, created if missing", OPTION_FILE,
		.offset = AT(output), .letter = 'o', .required = true},
	{"epoch", "N", "refuse to go back below this, once committed", OPTION_UINT,
		.offset = AT(epoch), .preset = "0", .max = INT64_MAX},
	{"expires", "DATE", "the last moment to install it, as in 2030-12-31", OPTION_STRING,
		.offset = AT(expires)},
	{"channel", "NAME", "the channel that it is for", OPTION_STRING, .offset = AT(channel)},
	{"phase", "PERCENT", "how many of the devices may have it, 0 to 100", OPTION_UINT,
		.offset = AT(phase_percent), .preset = "100", .max = 100},
	{"level", "N", "zstd level, 1 to 19", OPTION_UINT, .offset = AT(level), .preset = "19",
		.min = 1, .max = 19},
	{"frame-size", "SIZE", "raw bytes in a frame, 64K to 4M", OPTION_SIZE,
		.offset = AT(frame_bytes), .preset = "512K", .min = 64 << 10, .max = 4 << 20},
};

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	(void)front, (void)args, (void)argc, (void)argv;
	return err_set(err, OTA_FAILED, "pack is not connected yet");
}

const struct command cmd_pack = {
	.name = "pack",
	.synopsis = "",
	.summary = "make a release of a root file system image",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct pack_args),
	.run = run,
};
