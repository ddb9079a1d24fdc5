/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of ota-docs share. */
#ifndef OTA_MAN_DOCS_H
#define OTA_MAN_DOCS_H

#include <stdbool.h>
#include <stdio.h>

#include "cmd/command.h"

/* Writes ota.bash, _ota and ota.fish into a folder; false where that fails. */
bool make_completions(const char *dir);

#endif
