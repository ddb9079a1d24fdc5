/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ota-docs MAN COMPLETIONS: writes what follows from the command table into the manual pages and
 * the shell completions. In a page, the lines between `.\" begin generated: PART` and
 * `.\" end generated` are made anew; all others are left as they stand.
 */
#include "man/docs.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/config.h"
#include "cmd/options.h"

#define BEGIN ".\\\" begin generated: "
#define END ".\\\" end generated\n"

/* mdoc takes a dot or a quote at the start of a line, and a backslash anywhere, for its own. */
static void print_text(FILE *to, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\\')
			fputs("\\e", to);
		else if ((*p == '.' || *p == '\'') && p == text)
			fprintf(to, "\\&%c", *p);
		else if (!strncmp(p, ". ", 2))
			fputs(".\n", to), p++; /* a sentence begins a line */
		else
			fputc(*p, to);
	}
	fputc('\n', to);
}

static void print_option(FILE *to, const struct option_row *row)
{
	fputs(".It ", to);
	if (row->letter)
		fprintf(to, "Fl %c , ", row->letter);
	fprintf(to, "Fl -%s", row->name);
	if (row->arg)
		fprintf(to, " Ar %s", row->arg);
	fputc('\n', to);
	print_text(to, row->help);
	if (row->preset)
		fprintf(to, "(default %s)\n", row->preset);
	if (row->required)
		fputs("(required)\n", to);
}

static void print_options(FILE *to, const struct option_row *rows, size_t n)
{
	if (!n) {
		fputs("It has no options of its own.\n", to);
		return;
	}
	fputs(".Bl -tag -width Ds\n", to);
	for (size_t i = 0; i < n; i++)
		print_option(to, &rows[i]);
	fputs(".El\n", to);
}

static void print_synopsis(FILE *to, const struct command *c)
{
	char words[COMMAND_WORDS_LEN];

	fprintf(to, ".Nm ota %s\n", command_words(c, words));
	if (c->n_options)
		fputs(".Op Ar OPTIONS\n", to);
	if (c->synopsis[0])
		fprintf(to, ".Ar %s\n", c->synopsis);
}

static void print_commands(FILE *to)
{
	const struct command *c;
	char words[COMMAND_WORDS_LEN];

	fputs(".Bl -tag -width container\n", to);
	for (size_t i = 0; (c = command_at(i)); i++) {
		if (!c->run)
			continue;
		fprintf(to, ".It Ic %s\n", command_words(c, words));
		print_text(to, c->summary);
		fprintf(to, "See\n.Xr ota-%s 8 .\n", c->name);
	}
	fputs(".El\n.Pp\nNot built yet, and said so by an error:\n", to);
	const char *comma = "";
	for (size_t i = 0; (c = command_at(i)); i++)
		if (!c->run) {
			fprintf(to, "%s.Ic %s", comma, command_words(c, words));
			comma = " ,\n";
		}
	fputs(" .\n", to);
}

static void print_exit_status(FILE *to)
{
	fputs(".Bl -column 130 interrupted meaning\n", to);
	for (int i = 0; i < OTA_CODE_COUNT; i++)
		fprintf(to, ".It %d Ta %s Ta %s\n", code_exit_status((enum ota_code)i),
			code_name((enum ota_code)i), code_meaning((enum ota_code)i));
	fputs(".El\n", to);
}

static void print_keys(FILE *to)
{
	const char *section = "";

	for (size_t i = 0; i < n_config_rows; i++) {
		const struct config_row *row = &config_rows[i];
		if (strcmp(section, row->section)) {
			fprintf(to, "%s.Ss [%s]\n.Bl -tag -width Ds\n", *section ? ".El\n" : "",
				row->section);
			section = row->section;
		}
		fprintf(to, ".It Ic %s No = Ar %s\n", row->key, row->form);
		print_text(to, row->help);
		if (row->preset && row->preset[0])
			fprintf(to, "Default:\n.Ql %s .\n", row->preset);
		if (row->required)
			fputs("Required.\n", to);
	}
	fputs(".El\n", to);
}

/* False: there is no such part. */
static bool print_part(FILE *to, const char *part, const struct command *c)
{
	if (!strcmp(part, "synopsis") && c)
		print_synopsis(to, c);
	else if (!strcmp(part, "options") && c)
		print_options(to, c->options, c->n_options);
	else if (!strcmp(part, "global options"))
		print_options(to, global_rows, n_global_rows);
	else if (!strcmp(part, "commands"))
		print_commands(to);
	else if (!strcmp(part, "exit status"))
		print_exit_status(to);
	else if (!strcmp(part, "keys"))
		print_keys(to);
	else
		return false;
	return true;
}

static bool copy_page(FILE *from, FILE *to, const struct command *c)
{
	bool sound = true, inside = false;
	char line[4096];

	while (fgets(line, sizeof(line), from)) {
		if (!strcmp(line, END))
			inside = false;
		if (!inside)
			fputs(line, to);
		if (strncmp(line, BEGIN, strlen(BEGIN)))
			continue;
		line[strcspn(line, "\n")] = '\0';
		sound = print_part(to, line + strlen(BEGIN), c) && sound;
		inside = true;
	}
	return sound && !inside;
}

static bool make_page(const char *dir, const char *page, const struct command *c)
{
	AUTO_FREE char *text = NULL;
	char path[4096];
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, page);
	FILE *from = fopen(path, "r"), *to = open_memstream(&text, &len);
	bool sound = from && to && copy_page(from, to, c);
	if (from)
		fclose(from);
	if (to)
		fclose(to);
	FILE *out = sound ? fopen(path, "w") : NULL;
	sound = out && fwrite(text, 1, len, out) == len;
	if (out && fclose(out) != 0)
		sound = false;
	if (!sound)
		fprintf(stderr, "%s: missing, or its generated parts are not known\n", path);
	return sound;
}

static bool make_pages(const char *dir)
{
	bool sound = make_page(dir, "ota.8", NULL) && make_page(dir, "ota.conf.5", NULL);
	const struct command *c;
	char page[64];

	for (size_t i = 0; (c = command_at(i)); i++) {
		snprintf(page, sizeof(page), "ota-%s.8", c->name);
		if (c->run)
			sound = make_page(dir, page, c) && sound;
	}
	return sound;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: ota-docs MAN COMPLETIONS\n", stderr);
		return 2;
	}
	bool pages = make_pages(argv[1]), completions = make_completions(argv[2]);

	return pages && completions ? 0 : 1;
}
