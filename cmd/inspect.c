/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/delta_json.h"
#include "cmd/inspect_image.h"
#include "cmd/network.h"
#include "cmd/output.h"

struct inspect_args {
	const char *trust;
};

static const struct option_row rows[] = {
	{"trust", "DIR", "name the signers by the public keys (*.pub) in this folder", OPTION_FILE,
		.offset = offsetof(struct inspect_args, trust)},
};

static void tell_signers(struct front *front, const struct authentic *a, const struct keyring *k)
{
	output_data(front, "signatures   %zu%s", a->signatures.n,
		a->signatures.n ? "" : " (no device takes it)");
	for (size_t i = 0; k && i < keyring_size(k); i++)
		if (a->signers & 1u << i)
			output_data(front, "signed by    %s", keyring_name(k, i));
	if (k && a->signatures.n && !a->signers)
		output_data(front, "signed by    nobody of the trust folder");
}

static void tell(struct front *front, const struct inspection *in, const struct keyring *k)
{
	const struct release *r = &in->a.release;
	char digest[DIGEST_TEXT_LEN], raw[TEXT_BYTES_LEN], coded[TEXT_BYTES_LEN],
		zeros[TEXT_BYTES_LEN], cell[TEXT_BYTES_LEN], time[CLOCK_TEXT_LEN];

	digest_text(&in->a.manifest.digest, digest);
	text_bytes(release_rootfs(r)->raw_bytes, raw);
	text_bytes(release_rootfs(r)->layer.size, coded);
	text_bytes(in->zero_bytes, zeros);
	text_bytes(in->cell_bytes, cell);
	output_data(front, "release      %s", r->version);
	output_data(front, "compatible   %s", r->compatible);
	output_data(front, "digest       %s", digest);
	output_data(front, "epoch        %ju", (uintmax_t)r->epoch);
	if (r->channel[0])
		output_data(front, "channel      %s", r->channel);
	if (r->phase < PHASE_ALL)
		output_data(front, "phase        %u %% of the devices", r->phase);
	if (r->created != NO_TIME)
		output_data(front, "created      %s", (clock_format(r->created, time), time));
	if (r->expires != NO_TIME)
		output_data(front, "expires      %s", (clock_format(r->expires, time), time));
	output_data(front, "image        rootfs, %s (%s of zeros), as %s in %u entries of %s", raw,
		zeros, coded, in->n_entries, cell);
	for (size_t i = 1; i < r->n_images; i++) {
		text_bytes(r->images[i].raw_bytes, raw);
		text_bytes(r->images[i].layer.size, coded);
		output_data(front, "boot file    %s, %s as %s", image_boot_path(&r->images[i]), raw,
			coded);
	}
	tell_signers(front, &in->a, k);
	deltas_tell(front, &in->deltas, k);
	output_data(front, "sound        yes: every byte was read and checked");
}

static json_t *time_json(int64_t utc_s, struct err *err)
{
	char text[CLOCK_TEXT_LEN];

	if (utc_s == NO_TIME)
		return json_make(err, "n");
	clock_format(utc_s, text);
	return json_make(err, "s", text);
}

static json_t *boot_json(const struct release *r, struct err *err)
{
	json_t *list = json_make(err, "[]");

	for (size_t i = 1; list && i < r->n_images; i++) {
		json_t *file = json_make(err, "{s:s, s:I}", "path", image_boot_path(&r->images[i]),
			"raw_bytes", (long long)r->images[i].raw_bytes);
		if (json_append(list, file, err) < 0) {
			json_free(list);
			return NULL;
		}
	}
	return list;
}

static json_t *as_json(const struct inspection *in, const struct keyring *k, struct err *err)
{
	const struct release *r = &in->a.release;
	char digest[DIGEST_TEXT_LEN];
	json_t *signers = signers_json(in->a.signers, k, err);
	json_t *deltas = deltas_json(&in->deltas, k, err);

	digest_text(&in->a.manifest.digest, digest);
	return json_make(err,
		"{s:s, s:s, s:s, s:I, s:s, s:i, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o, "
		"s:b}",
		"version", r->version, "compatible", r->compatible, "digest", digest, "epoch",
		(long long)r->epoch, "channel", r->channel, "phase", (int)r->phase, "created",
		time_json(r->created, err), "expires", time_json(r->expires, err), "raw_bytes",
		(long long)release_rootfs(r)->raw_bytes, "zero_bytes", (long long)in->zero_bytes,
		"layer_bytes", (long long)release_rootfs(r)->layer.size, "frame_bytes",
		(long long)in->cell_bytes, "boot_files", boot_json(r, err), "signatures",
		(long long)in->a.signatures.n, "signers", signers, "deltas", deltas, "sound", 1);
}

static int inspect_os(
	struct front *front, struct source *source, const struct keyring *k, struct err *err)
{
	struct inspection in = INSPECTION;
	int rc = inspect_release(source, k, front_progress(front), &in, err);
	if (rc == 0) {
		tell(front, &in, k);
		rc = output_json(front, as_json(&in, k, err), err);
	}
	authentic_free(&in.a);
	return rc;
}

static int inspect(struct front *front, struct source *source, const char *trust, struct err *err)
{
	AUTO_KEYRING *k = NULL;

	if (!trust && front->config_loaded)
		trust = front->config.device.trust;
	if (trust && !(k = keyring_load(trust, err)))
		return -1;
	return image_is(source) ? image_inspect(front, source, k, err)
				: inspect_os(front, source, k, err);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct inspect_args *a = args;
	struct network network;

	(void)argc;
	if (network_read_if_any(front, &network, err) < 0)
		return -1;
	AUTO_SOURCE *source = source_open(argv[0], &network.options, err);
	return source ? inspect(front, source, a->trust, err) : -1;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.synopsis = "SOURCE",
	.summary = "what is in a release or container image, who signed it, is it sound",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct inspect_args),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
