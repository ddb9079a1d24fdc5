/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/container.h"
#include "cmd/output.h"
#include "flow/pull.h"

struct pull_args {
	const char *name;
	uint64_t budget, limit_rate;
	unsigned max_time_ms;
};

#define AT(field) offsetof(struct pull_args, field)

static const struct option_row rows[] = {
	{"name", "NAME", "what the image goes by in the store, in place of its source's name",
		OPTION_STRING, .offset = AT(name)},
	{"budget", "SIZE", "the most bytes of layers to take from the network, as in 20M",
		OPTION_SIZE, .offset = AT(budget), .min = 1},
	{"limit-rate", "SIZE", "the most bytes a second, as in 200K", OPTION_SIZE,
		.offset = AT(limit_rate), .min = 1},
	{"max-time", "TIME", "the longest to use the network, as in 20min; then the status is 10",
		OPTION_TIME, .offset = AT(max_time_ms), .min = 1},
};

static void say(struct front *front, const struct pull_result *r)
{
	char moved[TEXT_BYTES_LEN], raw[TEXT_BYTES_LEN];

	text_bytes(r->moved_bytes, moved);
	text_bytes(r->raw_bytes, raw);
	if (r->already)
		output_say(front, "%s is there already", r->name);
	else
		output_say(front, "pulled %s: %zu of %zu layers, %s moved%s%s, %s unpacked in all",
			r->name, r->n_brought, r->image.n_layers, moved,
			r->base[0] ? " by a delta from " : "", r->base, raw);
}

static json_t *result_json(const char *store, const struct pull_result *r, struct err *err)
{
	json_t *layers = container_layers_json(store, &r->image, err);
	char digest[DIGEST_TEXT_LEN];

	digest_text(&r->manifest.digest, digest);
	return layers ? json_make(err, "{s:s, s:s, s:b, s:I, s:I, s:I, s:s*, s:b, s:o}", "name",
				r->name, "digest", digest, "already", r->already, "brought",
				(long long)r->n_brought, "moved_bytes", (long long)r->moved_bytes,
				"raw_bytes", (long long)r->raw_bytes, "base",
				r->base[0] ? r->base : NULL, "signed", r->signers != 0, "layers",
				layers)
		      : NULL;
}

static int pull_one(struct front *front, const struct pull_args *a, const char *from,
	json_t *images, struct err *err)
{
	AUTO_FREE struct pull_result *r = malloc(sizeof(*r));

	if (!r)
		return err_set(err, OTA_FAILED, "out of memory");
	if (container_bring(front, from, a->name, a->budget, r, err) < 0)
		return -1;
	say(front, r);
	return json_append(images, result_json(front->config.device.store, r, err), err);
}

/* A service's name has none of what every source has. */
static bool is_service(const char *arg)
{
	return !strpbrk(arg, ":/");
}

static int pull_service(struct front *front, const struct pull_args *a, const struct compose *c,
	const char *name, json_t *images, struct err *err)
{
	const struct service *service = compose_find(c, name);

	if (service)
		return pull_one(front, a, service->source, images, err);
	err_set(err, OTA_USAGE, "'%.64s' is no source, and no service of %s", name,
		front->config.container.compose);
	return err_hint(err, "ota container check tells the services");
}

/* Without an argument, the images of all services. */
static int pull_all(struct front *front, const struct pull_args *a, int argc, char **argv,
	json_t *images, struct err *err)
{
	AUTO_COMPOSE c = {0};
	bool needs_services = argc == 0;

	for (int i = 0; i < argc; i++)
		needs_services |= is_service(argv[i]);
	if (needs_services && container_compose_read(front, NULL, NULL, &c, err) < 0)
		return -1;
	for (size_t i = 0; argc == 0 && i < c.n; i++)
		if (pull_one(front, a, c.services[i].source, images, err) < 0)
			return -1;
	for (int i = 0; i < argc; i++)
		if ((is_service(argv[i]) ? pull_service(front, a, &c, argv[i], images, err)
					 : pull_one(front, a, argv[i], images, err)) < 0)
			return -1;
	return 0;
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	const struct pull_args *a = args;

	if (a->name && argc != 1)
		return err_set(err, OTA_USAGE, "--name is for one image that is named");
	if (!front_config(front, err))
		return -1;
	/* the command line wins over ota.conf */
	if (a->limit_rate)
		front->config.network.limit_rate = a->limit_rate;
	front->config.network.max_time_ms = a->max_time_ms;
	json_t *images = json_make(err, "[]");
	if (!images)
		return -1;
	if (pull_all(front, a, argc, argv, images, err) < 0) {
		json_free(images);
		return -1;
	}
	return output_json(front, json_make(err, "{s:o}", "images", images), err);
}

const struct command cmd_container_pull = {
	.name = "container-pull",
	.synopsis = "[NAME|SOURCE...]",
	.summary = "bring container images into the store, verified and durable",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.args_size = sizeof(struct pull_args),
	.max_args = 64,
	.run = run,
};
