/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands for containers share.
 */
#ifndef OTA_CMD_CONTAINER_H
#define OTA_CMD_CONTAINER_H

#include "cmd/front.h"
#include "flow/app.h"
#include "flow/images.h"
#include "flow/pull.h"
#include "flow/store.h"
#include "io/json.h"
#include "oci/compose.h"
#include "service/place.h"

#define CONTAINER_RUN "/run/ota"

struct container_place {
	const char *store;
	char boot_id[128];
};

/* Errors: config, io. */
int container_place_read(
	struct front *front, struct container_place *place, struct err *err) MUST_USE;

/* The compose file of that name; NULL: the one of the configuration. `read` is told which it was,
 * unless it is NULL. Errors: config, usage. */
int container_compose_read(struct front *front, const char *named, char read[PATH_MAX],
	struct compose *c, struct err *err) MUST_USE;

/* Brings the image of a source into the store. name NULL: what its source calls it; budget_bytes 0:
 * that of the configuration. Errors: those of pull_image(), config. */
int container_bring(struct front *front, const char *from, const char *name, uint64_t budget_bytes,
	struct pull_result *result, struct err *err) MUST_USE;

/* Which image the source has now; it is not verified, and nothing is kept. Errors: config, those of
 * image_load(). */
int container_look(struct front *front, const char *from, struct app_version *version,
	struct err *err) MUST_USE;

/* Where services are, and what goes before paths; the texts live as long as this does. */
struct container_services {
	char run[PATH_MAX], root[PATH_MAX];
	char store[PATH_MAX];     /* absolute */
	const char *store_inside; /* as ota.conf names it: without the root, links not followed */
};

/* Errors: config, io, usage. */
int container_services_read(
	struct front *front, struct container_services *services, struct err *err) MUST_USE;

/* [{"diff_id", "path"}...], the lowest first; path is null where it is not there. */
json_t *container_layers_json(
	const char *store, const struct oci_image *image, struct err *err) MUST_USE;

#endif
