/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `ota container check` shows of a compose file.
 */
#ifndef OTA_CMD_CONTAINER_CHECK_H
#define OTA_CMD_CONTAINER_CHECK_H

#include "cmd/front.h"
#include "io/json.h"
#include "oci/compose.h"

/* One service, for people. */
void check_show(struct front *front, const struct compose *c, const struct service *s);

/* All of it. NULL on failure. Errors: failed. */
json_t *check_json(const struct compose *c, const char *file, struct err *err) MUST_USE;

#endif
