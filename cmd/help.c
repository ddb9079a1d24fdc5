/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/help.h"

#include <string.h>

#include "cmd/options.h"

#define COLUMNS 80
#define INDENT 26

void help_option_text(const struct option_row *row, char *out, size_t size)
{
	char letter[8] = "";

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(out, size, "%s--%s%s%s", letter, row->name, row->arg ? " " : "",
		row->arg ? row->arg : "");
}

bool help_is_hidden(const struct command *command, const struct option_row *global)
{
	for (size_t i = 0; i < command->n_options; i++)
		if (!strcmp(command->options[i].name, global->name))
			return true;
	return false;
}

/* Words from column `at` on, broken at the right edge. */
static void print_wrapped(FILE *to, const char *text, size_t at, size_t indent)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (at + len + 1 > COLUMNS && at > indent) {
			fprintf(to, "\n%*s", (int)indent, "");
			at = indent;
		}
		fprintf(to, "%s%.*s", at > indent ? " " : "", (int)len, text);
		at += len + (at > indent);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

static void print_entry(FILE *to, const char *term, const char *text)
{
	if (strlen(term) + 4 > INDENT)
		fprintf(to, "  %s\n%*s", term, INDENT, "");
	else
		fprintf(to, "  %-*s", INDENT - 2, term);
	print_wrapped(to, text, INDENT, INDENT);
}

static void print_option(FILE *to, const struct option_row *row)
{
	char term[96], text[256];

	help_option_text(row, term, sizeof(term));
	snprintf(text, sizeof(text), "%s%s%s%s%s", row->help, row->preset ? " (default " : "",
		row->preset ? row->preset : "", row->preset ? ")" : "",
		row->required ? " (required)" : "");
	print_entry(to, term, text);
}

void help_print_all(FILE *to)
{
	fputs("ota brings a device from one version to the next: fetched, verified, written to\n"
	      "the slot that does not run, tried, and kept or taken back.\n"
	      "\nUsage: ota [OPTIONS] COMMAND [ARGUMENTS]\n",
		to);
	for (size_t g = 0; g < n_command_groups; g++) {
		const struct command_group *group = &command_groups[g];

		fprintf(to, "\n%s:\n", group->title);
		for (size_t i = 0; i < group->n_commands; i++)
			if (group->commands[i]->run)
				fprintf(to, "  %-10s %s\n", group->commands[i]->name,
					group->commands[i]->summary);
	}
	fputs("\nOptions, before or after the command:\n", to);
	for (size_t i = 0; i < n_global_rows; i++)
		print_option(to, &global_rows[i]);
	fputs("\nExit status: 0 done, 3 nothing to do, else why not: see ota(8).\n"
	      "'ota COMMAND --help' tells a command's own options.\n",
		to);
}

void help_print_command(FILE *to, const struct command *command)
{
	fprintf(to, "Usage: ota %s%s%s%s\n\n", command->name,
		command->n_options ? " [OPTIONS]" : "", command->synopsis[0] ? " " : "",
		command->synopsis);
	print_wrapped(to, command->summary, 0, 0);
	if (command->n_options)
		fputs("\nOptions:\n", to);
	for (size_t i = 0; i < command->n_options; i++)
		print_option(to, &command->options[i]);
	fputs("\nAlso the options of every command, which 'ota --help' tells:\n ", to);
	for (size_t i = 0; i < n_global_rows; i++)
		if (!help_is_hidden(command, &global_rows[i]))
			fprintf(to, " --%s", global_rows[i].name);
	fprintf(to, "\n\nExamples: man ota-%s\n", command->name);
}
