/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command table: the one source of the parser, --help, the pages' synopsis and options, and
 * the shell completions. A command is one file cmd/NAME.c that defines `cmd_NAME`: its options as
 * rows into its own struct of arguments, and `run`, which unpacks them and calls one flow.
 */
#ifndef OTA_CMD_COMMAND_H
#define OTA_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct front;

enum option_type {
	OPTION_FLAG,   /* bool */
	OPTION_STRING, /* const char *, borrowed from argv */
	OPTION_FILE,   /* the same, completed as a path */
	OPTION_FILES,  /* struct option_list of such; given again it adds one */
	OPTION_CHOICE, /* the same, one of the words in `arg`: "a|b" */
	OPTION_UINT,   /* uint64_t, min to max */
	OPTION_SIZE,   /* uint64_t, bytes, min to max */
	OPTION_TIME,   /* unsigned, milliseconds, at least min */
};

#define OPTION_LIST_MAX 16

struct option_list {
	size_t n;
	const char *items[OPTION_LIST_MAX];
};

struct option_row {
	const char *name; /* without the dashes */
	const char *arg;  /* what help calls its value; NULL: a flag */
	const char *help;
	enum option_type type;
	size_t offset; /* of its field in the command's struct */
	char letter;   /* the short form; 0: none */
	bool required;
	const char *preset; /* the value where it is not given; NULL: zero, false, NULL */
	uint64_t min, max;  /* of numbers; max 0: no bound */
};

struct command {
	/* "container-pull" is also said "container pull", and shown so */
	const char *name;
	const char *synopsis; /* the positional part, as in "[SOURCE]" */
	const char *summary;
	const struct option_row *options;
	size_t n_options;
	size_t args_size; /* of the struct that the rows point into */
	unsigned min_args, max_args;
	bool passes_on; /* options end at the first argument: the rest is another program's line */

	/* Does the step. args is the zeroed and filled struct; argv the positional arguments.
	 * NULL: this build lacks the command. */
	int (*run)(struct front *front, void *args, int argc, char **argv, struct err *err);
};

struct command_group {
	const char *title;
	const struct command *const *commands;
	size_t n_commands;
};

extern const struct command_group command_groups[];
extern const size_t n_command_groups;

#define COMMAND_WORDS_LEN 32

/* Its name as people type it. */
const char *command_words(const struct command *command, char words[COMMAND_WORDS_LEN]);

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);

/* The command that is the i-th in the table, all groups in one row; NULL past the end. */
const struct command *command_at(size_t i);

#endif
