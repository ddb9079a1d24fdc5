/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of a delta: by those who make one, and by inspect.
 */
#ifndef OTA_CMD_DELTA_JSON_H
#define OTA_CMD_DELTA_JSON_H

#include "cmd/front.h"
#include "flow/delta.h"
#include "flow/inspect.h"
#include "io/json.h"

void delta_say(struct front *front, const struct delta_result *r);
json_t *delta_json(const struct delta_result *r, struct err *err);

/* Those of a release: one line each, and as an array. keyring NULL: nobody is named. */
void deltas_tell(struct front *front, const struct delta_list *list, const struct keyring *k);
json_t *deltas_json(const struct delta_list *list, const struct keyring *k, struct err *err);

/* The names of the keys that signed, as an array. */
json_t *signers_json(uint32_t signers, const struct keyring *k, struct err *err);

#endif
