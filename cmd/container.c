/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/container.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/network.h"
#include "cmd/output.h"
#include "flow/image_load.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Where the boot is not known nothing counts as being of it, but what this very process made. */
static int read_boot_id(const char *path, char *id, size_t size, struct err *err)
{
	AUTO_BUF text = BUF(size - 1);
	uint64_t own;

	if (file_read(path, &text, err) == 0 && text.len) {
		snprintf(id, size, "%s", text.data);
		id[strcspn(id, "\n")] = '\0';
		if (*id)
			return 0;
	}
	if (getrandom(&own, sizeof(own), 0) != sizeof(own))
		return err_errno(err, OTA_FAILED, "no random number");
	snprintf(id, size, "process-%d-%016jx", (int)getpid(), (uintmax_t)own);
	return 0;
}

int container_place_read(struct front *front, struct container_place *place, struct err *err)
{
	const struct config *c = front_config(front, err);
	char path[PATH_MAX];

	if (!c || front_path(front, BOOT_ID, path, err) < 0)
		return -1;
	place->store = c->device.store;
	return read_boot_id(path, place->boot_id, sizeof(place->boot_id), err);
}

int container_bring(struct front *front, const char *from, const char *name, uint64_t budget_bytes,
	struct pull_result *result, struct err *err)
{
	const struct config *c = front_config(front, err);
	struct container_place place;
	struct network network;

	if (!c || container_place_read(front, &place, err) < 0)
		return -1;
	const struct pull_spec spec = {.store = place.store,
		.boot_id = place.boot_id,
		.trust = c->device.trust,
		.signers = (unsigned)c->device.signers,
		.allow_unsigned = !strcmp(c->container.unsigned_images, "allow"),
		.budget = budget_bytes ? budget_bytes : c->network.budget,
		.name = name,
		.from = from};
	if (network_read(front, &network, err) < 0)
		return -1;
	AUTO_SOURCE *source = source_open(from, &network.options, err);
	return source ? pull_image(&spec, source, front_progress(front), result, err) : -1;
}

int container_look(
	struct front *front, const char *from, struct app_version *version, struct err *err)
{
	struct network network;

	if (!front_config(front, err) || network_read(front, &network, err) < 0)
		return -1;
	AUTO_SOURCE *source = source_open(from, &network.options, err);
	AUTO_LOADED_IMAGE l = LOADED_IMAGE;
	if (!source || image_load(source, NULL, &l, err) < 0)
		return -1;
	version->manifest = l.manifest;
	return images_name(source, NULL, version->name, err);
}

/* The runtime works in a folder of its own, and overlay wants it so, too. */
static int make_absolute(const char *dir, char out[PATH_MAX], struct err *err)
{
	if (dir_make(dir, err) < 0)
		return -1;
	return realpath(dir, out) ? 0 : err_errno(err, OTA_IO, "%s", dir);
}

int container_services_read(struct front *front, struct container_services *s, struct err *err)
{
	const struct config *c = front_config(front, err);
	char run[PATH_MAX];

	if (!c || front_path(front, CONTAINER_RUN, run, err) < 0 ||
		front_path(front, "", s->root, err) < 0 || make_absolute(run, s->run, err) < 0)
		return -1;
	/* the root ends with the slash that the store's name begins with */
	s->store_inside = c->device.store + strlen(s->root) - 1;
	return make_absolute(c->device.store, s->store, err);
}

/* On the machine where the file is written there is no ota.conf, and the store is where it is on
 * most devices. */
int container_compose_read(struct front *front, const char *named, char read[PATH_MAX],
	struct compose *c, struct err *err)
{
	char root[PATH_MAX], store[PATH_MAX], path[PATH_MAX];
	const struct config *config = NULL;

	if (!named || front_has_config(front)) {
		config = front_config(front, err);
		if (!config)
			return -1;
	}
	if (front_path(front, "", root, err) < 0 ||
		front_path(front, CONFIG_DEFAULT_STORE, store, err) < 0)
		return -1;
	int len = snprintf(path, PATH_MAX, "%s", named ? named : config->container.compose);
	if (len >= PATH_MAX)
		return err_set(err, OTA_USAGE, "the path is too long");
	if (read)
		strcpy(read, path);
	return compose_read(path, root, config ? config->device.store : store, c, err);
}

static json_t *layer_json(const char *store, const struct oci_layer *layer, struct err *err)
{
	struct layer_place place;
	char diff_id[DIGEST_TEXT_LEN], path[PATH_MAX];

	digest_text(&layer->diff_id, diff_id);
	if (layers_find(store, layer, NULL, &place, err) < 0 ||
		path_join(path, place.path, LAYER_DIFF, err) < 0)
		return NULL;
	return json_make(
		err, "{s:s, s:s?}", "diff_id", diff_id, "path", place.is_there ? path : NULL);
}

json_t *container_layers_json(const char *store, const struct oci_image *image, struct err *err)
{
	AUTO_JSON *list = json_make(err, "[]");

	for (size_t i = 0; list && i < image->n_layers; i++)
		if (json_append(list, layer_json(store, &image->layers[i], err), err) < 0)
			return NULL;
	json_t *taken = list;
	list = NULL;
	return taken;
}

static int run_gc(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	struct container_place place;
	AUTO_STORE store = STORE;
	size_t removed;

	(void)args, (void)argc, (void)argv;
	if (container_place_read(front, &place, err) < 0 ||
		store_open(&store, place.store, "ota container gc", err) < 0 ||
		images_gc(place.store, place.boot_id, false, &removed, err) < 0)
		return -1;
	output_say(front, "%zu layers removed that no image needs", removed);
	return output_json(front, json_make(err, "{s:I}", "removed", (long long)removed), err);
}

const struct command cmd_container_gc = {
	.name = "container-gc",
	.synopsis = "",
	.summary = "remove the layers that no image needs",
	.run = run_gc,
};

static int run_rm(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	struct container_place place;
	AUTO_STORE store = STORE;

	(void)args;
	if (container_place_read(front, &place, err) < 0 ||
		store_open(&store, place.store, "ota container rm", err) < 0)
		return -1;
	for (int i = 0; i < argc; i++) {
		if (images_remove(place.store, argv[i], place.boot_id, err) < 0)
			return -1;
		output_say(front, "removed %s", argv[i]);
	}
	return output_json(front, json_make(err, "{s:i}", "removed", argc), err);
}

const struct command cmd_container_rm = {
	.name = "container-rm",
	.synopsis = "NAME...",
	.summary = "remove images, and the layers that only they needed",
	.min_args = 1,
	.max_args = 64,
	.run = run_rm,
};
