/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/command.h"
#include "cmd/container.h"
#include "cmd/output.h"
#include "cmd/services.h"

#define SHORT_HEX 12

struct listing {
	struct front *front;
	const char *store;
	json_t *images;
	size_t n, n_services;
};

static const char *state_of(const struct stored_image *s)
{
	if (s->fault.code != OTA_OK)
		return "damaged";
	return s->is_complete ? "complete" : "incomplete";
}

static void show(struct listing *l, const struct stored_image *s)
{
	char hex[DIGEST_HEX_LEN], size[TEXT_BYTES_LEN];

	if (l->n++ == 0)
		output_data(l->front, "%-40s %-12s %9s %6s  %s", "NAME", "DIGEST", "SIZE", "LAYERS",
			"STATE");
	digest_hex(&s->manifest.digest, hex);
	hex[SHORT_HEX] = '\0';
	text_bytes(s->bytes, size);
	output_data(l->front, "%-40s %-12s %9s %6zu  %s", s->name, hex, size, s->image.n_layers,
		state_of(s));
}

static int visit(void *ctx, const struct stored_image *s, struct err *err)
{
	struct listing *l = ctx;
	char digest[DIGEST_TEXT_LEN];

	show(l, s);
	digest_text(&s->manifest.digest, digest);
	json_t *layers = s->fault.code == OTA_OK ? container_layers_json(l->store, &s->image, err)
						 : json_make(err, "[]");
	if (!layers)
		return -1;
	return json_append(l->images,
		json_make(err, "{s:s, s:s, s:s, s:I, s:o}", "name", s->name, "digest", digest,
			"state", state_of(s), "bytes", (long long)s->bytes, "layers", layers),
		err);
}

static int show_service(void *ctx, const struct service_view *v, struct err *err)
{
	struct listing *l = ctx;
	char current[APP_TEXT_LEN], previous[APP_TEXT_LEN];

	(void)err;
	if (l->n_services++ == 0)
		output_data(l->front, "%s%-20s %-10s %s", l->n ? "\n" : "", "SERVICE", "STATE",
			"VERSION");
	output_data(l->front, "%-20s %-10s %s", v->name, services_word(v),
		app_has(&v->app.current) ? app_text(&v->app.current, current) : "-");
	if (app_has(&v->app.previous))
		output_data(l->front, "%-20s %-10s %s", "", "before",
			app_text(&v->app.previous, previous));
	return 0;
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	struct container_place place;
	struct listing l = {.front = front};

	(void)args, (void)argc, (void)argv;
	if (container_place_read(front, &place, err) < 0)
		return -1;
	l.store = place.store;
	l.images = json_make(err, "[]");
	if (!l.images)
		return -1;
	if (images_each(place.store, visit, &l, err) < 0) {
		json_free(l.images);
		return -1;
	}
	if (l.n == 0)
		output_say(front, "no image is in the store");
	json_t *services = services_json(front, err);
	if (!services || services_each(front, show_service, &l, err) < 0) {
		json_free(services);
		json_free(l.images);
		return -1;
	}
	return output_json(
		front, json_make(err, "{s:o, s:o}", "images", l.images, "services", services), err);
}

const struct command cmd_container_list = {
	.name = "container-list",
	.synopsis = "",
	.summary = "list the images in the store, and the services",
	.run = run,
};
