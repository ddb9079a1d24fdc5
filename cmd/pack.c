/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/delta_json.h"
#include "cmd/network.h"
#include "cmd/output.h"
#include "flow/pack.h"

struct pack_args {
	const char *rootfs, *from, *fs, *boot, *compatible, *version, *output, *expires, *channel;
	uint64_t fs_bytes, epoch, phase_percent, level, frame_bytes;
	struct option_list delta_from;
	bool no_reuse;
};

#define AT(field) offsetof(struct pack_args, field)

static const struct option_row rows[] = {
	{"rootfs", "IMAGE", "the root file system: ext4, squashfs, erofs, any bytes", OPTION_FILE,
		.offset = AT(rootfs)},
	{"from", "SOURCE", "make the root file system of this container image; for root",
		OPTION_STRING, .offset = AT(from)},
	{"fs", "ext4|erofs", "the file system to make of it", OPTION_CHOICE, .offset = AT(fs),
		.preset = "ext4"},
	{"fs-size", "SIZE", "how large an ext4 becomes; without it, as large as it must be",
		OPTION_SIZE, .offset = AT(fs_bytes), .min = 1 << 20},
	{"boot", "DIR", "boot files that the release carries, where they are not in the image",
		OPTION_FILE, .offset = AT(boot)},
	{"compatible", "NAME", "the hardware that it is for", OPTION_STRING,
		.offset = AT(compatible), .required = true},
	{"version", "V", "the version of the release", OPTION_STRING, .offset = AT(version),
		.required = true},
	{"output", "LAYOUT[:TAG]", "the OCI layout to put it in, created if missing", OPTION_FILE,
		.offset = AT(output), .letter = 'o', .required = true},
	{"delta-from", "SOURCE",
		"add a delta from this release, LAYOUT[:TAG] or another source; may be given again",
		OPTION_FILES, .offset = AT(delta_from)},
	{"epoch", "N", "refuse to go back below this, once committed", OPTION_UINT,
		.offset = AT(epoch), .preset = "0", .max = INT64_MAX},
	{"expires", "DATE", "the last moment to install it, as in 2030-12-31", OPTION_STRING,
		.offset = AT(expires)},
	{"channel", "NAME", "the channel that it is for", OPTION_STRING, .offset = AT(channel)},
	{"phase", "PERCENT", "how many of the devices may have it, 0 to 100", OPTION_UINT,
		.offset = AT(phase_percent), .preset = "100", .max = 100},
	{"level", "N", "zstd level, 1 to 19", OPTION_UINT, .offset = AT(level), .preset = "19",
		.min = 1, .max = 19},
	{"frame-size", "SIZE", "raw bytes in a frame: 256K, 512K or 1M", OPTION_SIZE,
		.offset = AT(frame_bytes), .preset = "512K", .min = 256 << 10, .max = 1 << 20},
	{"no-reuse", NULL, "leave out the layers that spare a device what it has", OPTION_FLAG,
		.offset = AT(no_reuse)},
};

static int date_of(const char *option, const char *text, int64_t *utc_s, struct err *err)
{
	*utc_s = NO_TIME;
	if (!text || clock_parse(text, utc_s, err) == 0)
		return 0;
	return err_wrap(err, "--%s", option);
}

/* Only a build that says when it was made is stamped: the same input gives the same bytes. */
static int created_of(const char *text, int64_t *utc_s, struct err *err)
{
	char *end;

	*utc_s = NO_TIME;
	if (!text || !*text)
		return 0;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (*end || errno || value < 0 || value > CLOCK_MAX_S)
		return err_set(err, OTA_USAGE, "SOURCE_DATE_EPOCH: '%.40s' is no time", text);
	*utc_s = value;
	return 0;
}

static int word_of(const char *option, const char *text, char word[WORD_LEN], struct err *err)
{
	if (!text || strlen(text) < WORD_LEN) {
		strcpy(word, text ? text : "");
		return 0;
	}
	return err_set(err, OTA_USAGE, "--%s: more than %d characters", option, WORD_LEN - 1);
}

static int describe(const struct pack_args *a, struct release *r, struct err *err)
{
	r->epoch = a->epoch;
	r->phase = (unsigned)a->phase_percent;
	if (word_of("version", a->version, r->version, err) < 0 ||
		word_of("compatible", a->compatible, r->compatible, err) < 0 ||
		word_of("channel", a->channel, r->channel, err) < 0 ||
		date_of("expires", a->expires, &r->expires, err) < 0)
		return -1;
	if (created_of(getenv("SOURCE_DATE_EPOCH"), &r->created, err) < 0)
		return -1;
	if (r->expires == NO_TIME || r->created == NO_TIME || r->expires >= r->created)
		return 0;
	return err_set(err, OTA_USAGE, "--expires: before SOURCE_DATE_EPOCH, when it was created");
}

static void say(struct front *front, const struct release *r, const char *output)
{
	char raw[TEXT_BYTES_LEN], coded[TEXT_BYTES_LEN];
	uint64_t raw_bytes = 0, coded_bytes = 0;

	for (size_t i = 0; i < r->n_images; i++) {
		raw_bytes += r->images[i].raw_bytes;
		coded_bytes += r->images[i].layer.size;
	}
	text_bytes(raw_bytes, raw);
	text_bytes(coded_bytes, coded);
	output_say(front, "packed release %s into %s: %s as %s", r->version, output, raw, coded);
}

static int check_bases(const struct pack_args *a, const struct release *r,
	const struct source_options *options, struct err *err)
{
	for (size_t i = 0; i < a->delta_from.n; i++)
		if (delta_check_base(a->delta_from.items[i], options, r->compatible, err) < 0)
			return err_wrap(err, "--delta-from %s", a->delta_from.items[i]);
	return 0;
}

/* One that saves nothing is no error: the release is whole without it. */
static int add_delta(
	struct front *front, const struct delta_spec *spec, json_t *told, struct err *err)
{
	struct delta_result result;

	if (delta_make(spec, front_progress(front), &result, err) < 0) {
		if (err->code != OTA_NOTHING)
			return err_wrap(err, "--delta-from %s", spec->from);
		output_warn(front, "--delta-from %s: %s", spec->from, err->msg);
		return 0;
	}
	delta_say(front, &result);
	return json_append(told, delta_json(&result, err), err);
}

static int add_deltas(struct front *front, const struct pack_args *a,
	const struct source_options *options, json_t *told, struct err *err)
{
	for (size_t i = 0; i < a->delta_from.n; i++) {
		const struct delta_spec spec = {
			a->delta_from.items[i], a->output, NULL, (int)a->level, options};
		if (add_delta(front, &spec, told, err) < 0)
			return -1;
	}
	return 0;
}

static int pack(struct front *front, const struct pack_args *a,
	const struct source_options *options, struct release *r, struct err *err)
{
	const struct pack_from from = {a->from, a->fs, a->fs_bytes, r->created, options};
	const struct pack_spec spec = {a->rootfs, &from, a->boot, a->output, (int)a->level,
		(uint32_t)a->frame_bytes, a->no_reuse};
	struct descriptor manifest;
	char digest[DIGEST_TEXT_LEN];
	AUTO_JSON *deltas = json_make(err, "[]");

	if (!deltas || check_bases(a, r, options, err) < 0 ||
		pack_release(&spec, front_progress(front), r, &manifest, err) < 0)
		return -1;
	say(front, r, a->output);
	digest_text(&manifest.digest, digest);
	output_data(front, "%s", digest);
	if (add_deltas(front, a, options, deltas, err) < 0)
		return -1;
	return output_json(front,
		json_make(err, "{s:s, s:s, s:I, s:I, s:O}", "version", r->version, "digest", digest,
			"raw_bytes", (long long)release_rootfs(r)->raw_bytes, "layer_bytes",
			(long long)release_rootfs(r)->layer.size, "deltas", deltas),
		err);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct pack_args *a = args;
	struct network network = {0};
	struct release r = {0};

	(void)argc, (void)argv;
	if (a->frame_bytes & (a->frame_bytes - 1))
		return err_set(err, OTA_USAGE, "--frame-size: 256K, 512K or 1M");
	if (!a->rootfs == !a->from) {
		err_set(err, OTA_USAGE, "one of --rootfs IMAGE and --from SOURCE is needed");
		return err_hint(err, "ota pack --help shows what there is");
	}
	if (describe(a, &r, err) < 0 ||
		((a->from || a->delta_from.n) && network_read_if_any(front, &network, err) < 0))
		return -1;
	return pack(front, a, &network.options, &r, err);
}

const struct command cmd_pack = {
	.name = "pack",
	.synopsis = "",
	.summary = "make a release of a root file system or a container image",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct pack_args),
	.run = run,
};
