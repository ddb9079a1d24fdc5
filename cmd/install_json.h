/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fetch and write tell with --json.
 */
#ifndef OTA_CMD_INSTALL_JSON_H
#define OTA_CMD_INSTALL_JSON_H

#include "flow/install.h"
#include "io/json.h"

/* Errors: failed. */
const char *install_way_name(enum install_way way);

json_t *install_json(const struct install_result *r, struct err *err) MUST_USE;

#endif
