/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/help.h"

#include <string.h>

#include "cmd/options.h"
#include "cmd/terminal.h"

#define MAX_COLUMNS 80u
#define NARROW_COLUMNS 60u /* below it a term has a line of its own */
#define COMMAND_INDENT 20u
#define OPTION_INDENT 26u
#define NARROW_INDENT 6u

struct page {
	FILE *to;
	size_t columns;
};

static struct page page_on(FILE *to)
{
	unsigned columns = terminal_columns(fileno(to));

	return (struct page){to, columns < MAX_COLUMNS ? columns : MAX_COLUMNS};
}

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
static void print_wrapped(const struct page *p, const char *text, size_t at, size_t indent)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (at + len + 1 > p->columns && at > indent) {
			fprintf(p->to, "\n%*s", (int)indent, "");
			at = indent;
		}
		fprintf(p->to, "%s%.*s", at > indent ? " " : "", (int)len, text);
		at += len + (at > indent);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', p->to);
}

static void print_entry(const struct page *p, const char *term, const char *text, size_t indent)
{
	if (strlen(term) + 4 > indent)
		fprintf(p->to, "  %s\n%*s", term, (int)indent, "");
	else
		fprintf(p->to, "  %-*s", (int)indent - 2, term);
	print_wrapped(p, text, indent, indent);
}

static void print_option(const struct page *p, const struct option_row *row)
{
	char term[96], text[256];

	help_option_text(row, term, sizeof(term));
	snprintf(text, sizeof(text), "%s%s%s%s%s", row->help, row->preset ? " (default " : "",
		row->preset ? row->preset : "", row->preset ? ")" : "",
		row->required ? " (required)" : "");
	print_entry(p, term, text, p->columns < NARROW_COLUMNS ? NARROW_INDENT : OPTION_INDENT);
}

void help_print_all(FILE *to)
{
	const struct page p = page_on(to);
	char words[COMMAND_WORDS_LEN];

	print_wrapped(&p,
		"ota brings a device from one version to the next: fetched, verified, written to "
		"the slot that does not run, tried, and kept or taken back.",
		0, 0);
	fputs("\nUsage: ota [OPTIONS] COMMAND [ARGUMENTS]\n", to);
	for (size_t g = 0; g < n_command_groups; g++) {
		const struct command_group *group = &command_groups[g];

		fprintf(to, "\n%s:\n", group->title);
		for (size_t i = 0; i < group->n_commands; i++)
			if (group->commands[i]->run)
				print_entry(&p, command_words(group->commands[i], words),
					group->commands[i]->summary, COMMAND_INDENT);
	}
	fputs("\nOptions, before or after the command:\n", to);
	for (size_t i = 0; i < n_global_rows; i++)
		print_option(&p, &global_rows[i]);
	fputc('\n', to);
	print_wrapped(&p, "Exit status: 0 done, 3 nothing to do, else why not: see ota(8).", 0, 0);
	print_wrapped(&p, "'ota COMMAND --help' tells a command's own options.", 0, 0);
}

/* The options of every command, but those that it has in a sense of its own. */
static void print_also(const struct page *p, const struct command *command)
{
	char names[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < n_global_rows; i++)
		if (!help_is_hidden(command, &global_rows[i]) && len < sizeof(names))
			len += (size_t)snprintf(
				names + len, sizeof(names) - len, " --%s", global_rows[i].name);
	fputc('\n', p->to);
	print_wrapped(p, "Also the options of every command, which 'ota --help' tells:", 0, 0);
	fputs("  ", p->to);
	print_wrapped(p, names + 1, 2, 2);
}

void help_print_command(FILE *to, const struct command *command)
{
	const struct page p = page_on(to);
	char words[COMMAND_WORDS_LEN];

	fprintf(to, "Usage: ota %s%s%s%s\n\n", command_words(command, words),
		command->n_options ? " [OPTIONS]" : "", command->synopsis[0] ? " " : "",
		command->synopsis);
	print_wrapped(&p, command->summary, 0, 0);
	if (command->n_options)
		fputs("\nOptions:\n", to);
	for (size_t i = 0; i < command->n_options; i++)
		print_option(&p, &command->options[i]);
	print_also(&p, command);
	fprintf(to, "\nExamples: man ota-%s\n", command->name);
}
