/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

extern const struct command cmd_check, cmd_fetch, cmd_write, cmd_bootfiles, cmd_bootswap,
	cmd_commit, cmd_rollback, cmd_status, cmd_watchdog, cmd_lock, cmd_keygen, cmd_pack,
	cmd_delta, cmd_sign, cmd_push, cmd_inspect, cmd_container_pull, cmd_container_list,
	cmd_container_verify, cmd_container_rm, cmd_container_gc, cmd_container_check,
	cmd_container_run, cmd_container_handover, cmd_container_rollback, cmd_container_stop;

#define NOT_BUILT(verb, what)                                                                      \
	(&(const struct command){.name = verb, .synopsis = "", .summary = what})

static const struct command *const device_commands[] = {
	&cmd_check,
	&cmd_fetch,
	&cmd_write,
	&cmd_bootfiles,
	&cmd_bootswap,
	&cmd_commit,
	&cmd_rollback,
	&cmd_status,
	NOT_BUILT("doctor", "explain and repair"),
	&cmd_watchdog,
	&cmd_lock,
};

static const struct command *const container_commands[] = {
	&cmd_container_check,
	&cmd_container_pull,
	&cmd_container_list,
	&cmd_container_verify,
	&cmd_container_rm,
	&cmd_container_gc,
	&cmd_container_run,
	&cmd_container_handover,
	&cmd_container_rollback,
	&cmd_container_stop,
};

static const struct command *const release_commands[] = {
	&cmd_keygen,
	&cmd_pack,
	&cmd_delta,
	&cmd_sign,
	&cmd_push,
	&cmd_inspect,
};

const struct command_group command_groups[] = {
	{"On the device", device_commands, ARRAY_LEN(device_commands)},
	{"Containers", container_commands, ARRAY_LEN(container_commands)},
	{"Making releases", release_commands, ARRAY_LEN(release_commands)},
};
const size_t n_command_groups = ARRAY_LEN(command_groups);

const struct command *command_at(size_t i)
{
	for (size_t g = 0; g < n_command_groups; g++) {
		if (i < command_groups[g].n_commands)
			return command_groups[g].commands[i];
		i -= command_groups[g].n_commands;
	}
	return NULL;
}

const struct command *command_find(const char *name)
{
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

const char *command_words(const struct command *command, char words[COMMAND_WORDS_LEN])
{
	char *dash;

	snprintf(words, COMMAND_WORDS_LEN, "%s", command->name);
	dash = strchr(words, '-');
	if (dash)
		*dash = ' ';
	return words;
}
