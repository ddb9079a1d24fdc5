/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value of ota.conf: checked by its row and put into its field. What was in the field is not
 * freed: a key is set once.
 */
#ifndef OTA_CMD_CONFIG_VALUE_H
#define OTA_CMD_CONFIG_VALUE_H

#include "cmd/config.h"

/* Errors: config, naming the key; failure leaves the field empty. */
int config_value_set(const struct config_row *row, const char *text, const char *root,
	struct config *config, struct err *err) MUST_USE;

/* Frees what the field owns and clears it. */
void config_value_free(const struct config_row *row, struct config *config);

#endif
