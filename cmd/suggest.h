/* SPDX-License-Identifier: Apache-2.0 */
/* The name that a mistyped one was probably meant to be; NULL where none is near. */
#ifndef OTA_CMD_SUGGEST_H
#define OTA_CMD_SUGGEST_H

#include "cmd/command.h"

/* Among the commands that this build has. */
const char *suggest_command(const char *name);

/* Among the options of a command (NULL: none) and the global ones; what follows '=' is ignored. */
const char *suggest_option(const struct command *command, const char *name);

#endif
