/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands for containers share.
 */
#ifndef OTA_CMD_CONTAINER_H
#define OTA_CMD_CONTAINER_H

#include "cmd/front.h"
#include "flow/images.h"
#include "flow/store.h"
#include "io/json.h"
#include "oci/compose.h"

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

/* [{"diff_id", "path"}...], the lowest first; path is null where it is not there. */
json_t *container_layers_json(
	const char *store, const struct oci_image *image, struct err *err) MUST_USE;

#endif
