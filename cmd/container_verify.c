/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/container.h"
#include "cmd/network.h"
#include "cmd/output.h"
#include "flow/images_verify.h"

struct verify_args {
	bool repair;
};

static const struct option_row rows[] = {
	{"repair", NULL, "bring what is damaged again, and only that, from where the image came",
		OPTION_FLAG, .offset = offsetof(struct verify_args, repair)},
};

static void found(void *ctx, const char *image, const struct err *fault, bool mended)
{
	output_warn(ctx, "%s: %s%s", image, fault->msg, mended ? "; mended" : "");
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct verify_args *a = args;
	struct container_place place;
	struct verify_result r;
	struct network network;

	(void)argc, (void)argv;
	if (container_place_read(front, &place, err) < 0 || network_read(front, &network, err) < 0)
		return -1;
	const struct verify_spec spec = {.store = place.store,
		.boot_id = place.boot_id,
		.repair = a->repair,
		.options = &network.options,
		.found = found,
		.ctx = front};
	if (images_verify(&spec, front_progress(front), &r, err) < 0)
		return -1;
	output_say(front, "%zu images, %zu layers: %zu faults, %zu mended", r.n_images, r.n_layers,
		r.n_faults, r.n_mended);
	return output_json(front,
		json_make(err, "{s:I, s:I, s:I, s:I, s:I}", "images", (long long)r.n_images,
			"layers", (long long)r.n_layers, "faults", (long long)r.n_faults, "mended",
			(long long)r.n_mended, "unproved", (long long)r.n_unproved),
		err);
}

const struct command cmd_container_verify = {
	.name = "container-verify",
	.synopsis = "",
	.summary = "prove the images in the store, file by file",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct verify_args),
	.run = run,
};
