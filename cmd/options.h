/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, parsed by the rows of the command table. Names are exact, no abbreviations, so
 * that a script does not change its meaning when an option is added. The word `help` before a
 * command is --help. An option given twice has its last value,
 * unless it is a list. Global options may stand before or
 * after the command; where a command has an option of the same name (pack --version), the command's
 * wins behind it.
 */
#ifndef OTA_CMD_OPTIONS_H
#define OTA_CMD_OPTIONS_H

#include "base/err.h"
#include "cmd/command.h"
#include "cmd/front.h"

struct parsed {
	const struct command *command; /* NULL: none was named (only with --help or --version) */
	void *args;                    /* the command's struct, owned */
	int argc;
	char **argv; /* the positional arguments, owned; the strings are borrowed */
};

extern const struct option_row global_rows[];
extern const size_t n_global_rows;

/* Parses the line into front->options and p. argv[0] named `ota-COMMAND` stands for `ota COMMAND`.
 * With --help or --version the rest is not checked. After a failure front->options.json tells all
 * the same whether --json was given. The caller frees p either way. Errors: usage; failed where
 * this build lacks the command. */
int options_parse(
	struct front *front, int argc, char **argv, struct parsed *p, struct err *err) MUST_USE;

void options_free(struct parsed *p);

#endif
