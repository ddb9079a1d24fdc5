/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The services of this machine, as `ota status` and `ota container list` tell them.
 */
#ifndef OTA_CMD_SERVICES_H
#define OTA_CMD_SERVICES_H

#include "cmd/front.h"
#include "io/json.h"
#include "service/state.h"

/* [{"name", "state", "version", "previous", ...}...]: the caller's. Errors: io, failed. */
json_t *services_json(struct front *front, struct err *err) MUST_USE;

/* Calls `visit` for each. Errors: config, io, those of visit. */
int services_each(struct front *front, service_visit *visit, void *ctx, struct err *err) MUST_USE;

/* "running", "down", or what else it does. */
const char *services_word(const struct service_view *v);

/* A version as {"name", "digest"}, or null. Errors: failed. */
json_t *services_version_json(const struct app_version *v, struct err *err) MUST_USE;

#endif
