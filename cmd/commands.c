/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include <string.h>

#include "base/mem.h"

extern const struct command cmd_check, cmd_fetch, cmd_write, cmd_bootfiles, cmd_bootswap,
	cmd_commit, cmd_rollback, cmd_status, cmd_watchdog, cmd_lock, cmd_keygen, cmd_pack,
	cmd_delta, cmd_sign, cmd_push, cmd_inspect;

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
	NOT_BUILT("container", "update containers"),
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
