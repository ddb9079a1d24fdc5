/* SPDX-License-Identifier: Apache-2.0 */
/* Help and version, from the command table, on stdout. */
#ifndef OTA_CMD_HELP_H
#define OTA_CMD_HELP_H

#include <stdio.h>

#include "cmd/command.h"

/* The screen of `ota --help`; at most 80 columns. */
void help_print_all(FILE *to);

/* `ota COMMAND --help`. */
void help_print_command(FILE *to, const struct command *command);

/* "--name ARG", "-o, --output FILE"; no more than `size` characters are needed. */
void help_option_text(const struct option_row *row, char *out, size_t size);

/* Does the command have an option of that name, which hides the global one? */
bool help_is_hidden(const struct command *command, const struct option_row *global);

#endif
