/* SPDX-License-Identifier: Apache-2.0 */
/* The shell completions, one function a shell; the other half of ota-docs. */
#include <string.h>

#include "cmd/help.h"
#include "cmd/options.h"
#include "man/docs.h"

#define HEAD                                                                                       \
	"# SPDX-License-Identifier: Apache-2.0\n# Made from the command table by `make docs`.\n"

static void print_names(FILE *to)
{
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->run)
			fprintf(to, " %s", c->name);
}

static void print_option_names(FILE *to, const struct option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(to, " --%s", rows[i].name);
}

/* "a|b" as "a b". */
static bool is_path(const struct option_row *row)
{
	return row->type == OPTION_FILE || row->type == OPTION_FILES;
}

static void print_choices(FILE *to, const char *choices)
{
	for (; *choices; choices++)
		fputc(*choices == '|' ? ' ' : *choices, to);
}

/* Words of the shell stand in single quotes there: our own texts have none but the apostrophe. */
static void print_quoted(FILE *to, const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", to);
		else
			fputc(*text, to);
}

/* --- bash --- */

static void bash_values(FILE *to, const char *command, const struct option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].type == OPTION_FLAG)
			continue;
		fprintf(to, "    %s:--%s) ", command, rows[i].name);
		if (is_path(&rows[i])) {
			fputs("COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", to);
		} else if (rows[i].type == OPTION_CHOICE) {
			fputs("COMPREPLY=($(compgen -W '", to);
			print_choices(to, rows[i].arg);
			fputs("' -- \"$cur\")); return ;;\n", to);
		} else {
			fputs("return ;;\n", to);
		}
	}
}

static void make_bash(FILE *to)
{
	const struct command *c;

	fputs(HEAD "# shellcheck shell=bash disable=SC2207\n_ota() {\n"
		   "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} "
		   "command=\n"
		   "  local i options='",
		to);
	print_option_names(to, global_rows, n_global_rows);
	fputs("' commands='", to);
	print_names(to);
	fputs("'\n  COMPREPLY=()\n"
	      "  case ${COMP_WORDS[0]##*/} in ota-*) command=${COMP_WORDS[0]##*ota-} ;; esac\n"
	      "  for ((i = 1; i < COMP_CWORD && ${#command} == 0; i++)); do\n"
	      "    [ \"${COMP_WORDS[i]}\" != container ] || command=container-${COMP_WORDS[i + "
	      "1]}\n"
	      "    case \" $commands \" in *\" ${COMP_WORDS[i]} \"*) command=${COMP_WORDS[i]} ;; "
	      "esac\n"
	      "  done\n  case $command:$prev in\n",
		to);
	for (size_t i = 0; (c = command_at(i)); i++)
		bash_values(to, c->name, c->options, c->n_options);
	bash_values(to, "*", global_rows, n_global_rows);
	fputs("  esac\n  case $command in\n", to);
	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->n_options) {
			fprintf(to, "    %s) options+='", c->name);
			print_option_names(to, c->options, c->n_options);
			fputs("' ;;\n", to);
		}
	fputs("  esac\n  case $cur in\n"
	      "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
	      "    *) [ -n \"$command\" ] && COMPREPLY=($(compgen -f -- \"$cur\")) ||\n"
	      "      COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\")) ;;\n"
	      "  esac\n}\ncomplete -o filenames -F _ota ota",
		to);
	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->run)
			fprintf(to, " ota-%s", c->name);
	fputc('\n', to);
}

/* --- zsh --- */

static void zsh_options(FILE *to, const struct option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fprintf(to, " \\\n        '--%s%s[", rows[i].name,
			rows[i].type == OPTION_FLAG ? "" : "=");
		for (const char *p = rows[i].help; *p; p++)
			if (*p == '\'')
				fputs("'\\''", to);
			else
				fprintf(to, strchr("[]:\\", *p) ? "\\%c" : "%c", *p);
		fputc(']', to);
		if (is_path(&rows[i]))
			fputs(":file:_files", to);
		else if (rows[i].type == OPTION_CHOICE)
			fputs(":word:(", to), print_choices(to, rows[i].arg), fputc(')', to);
		else if (rows[i].type != OPTION_FLAG)
			fputs(":value:", to);
		fputc('\'', to);
	}
}

static void make_zsh(FILE *to)
{
	const struct command *c;

	fputs("#compdef ota", to);
	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->run)
			fprintf(to, " ota-%s", c->name);
	fputs("\n" HEAD "local -a commands\ncommands=(\n", to);
	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->run) {
			fprintf(to, "  '%s:", c->name);
			print_quoted(to, c->summary);
			fputs("'\n", to);
		}
	fputs(")\nlocal command=${${service:t}#ota-} word\n"
	      "if [[ $command == ota ]]; then\n  command=\n"
	      "  for word in ${words[2,CURRENT-1]}; do\n"
	      "    (( ${commands[(I)$word:*]} )) && { command=$word; break }\n  done\nfi\n"
	      "case $command in\n",
		to);
	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->run) {
			fprintf(to, "  %s)\n    _arguments", c->name);
			zsh_options(to, c->options, c->n_options);
			zsh_options(to, global_rows, n_global_rows);
			fputs(" '*:file:_files' ;;\n", to);
		}
	fputs("  *)\n    _arguments", to);
	zsh_options(to, global_rows, n_global_rows);
	fputs(" '1:command:((${(q)commands}))'\n    _describe command commands ;;\nesac\n", to);
}

/* --- fish --- */

static void fish_options(FILE *to, const char *condition, const struct option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fprintf(to, "complete -c ota %s -l %s -d '", condition, rows[i].name);
		print_quoted(to, rows[i].help);
		fputc('\'', to);
		if (rows[i].letter)
			fprintf(to, " -s %c", rows[i].letter);
		if (is_path(&rows[i])) {
			fputs(" -r -F", to);
		} else if (rows[i].type == OPTION_CHOICE) {
			fputs(" -x -a '", to);
			print_choices(to, rows[i].arg);
			fputc('\'', to);
		} else if (rows[i].type != OPTION_FLAG) {
			fputs(" -x", to);
		}
		fputc('\n', to);
	}
}

static void make_fish(FILE *to)
{
	const struct command *c;
	char condition[128];

	fputs(HEAD, to);
	fish_options(to, "", global_rows, n_global_rows);
	for (size_t i = 0; (c = command_at(i)); i++) {
		if (!c->run)
			continue;
		fprintf(to, "complete -c ota -n __fish_use_subcommand -f -a %s -d '", c->name);
		print_quoted(to, c->summary);
		fputs("'\n", to);
		snprintf(condition, sizeof(condition), "-n '__fish_seen_subcommand_from %s'",
			c->name);
		fish_options(to, condition, c->options, c->n_options);
	}
	for (size_t i = 0; (c = command_at(i)); i++)
		if (c->run)
			fprintf(to, "complete -c ota-%s -w 'ota %s'\n", c->name, c->name);
}

bool make_completions(const char *dir)
{
	static const struct {
		const char *name;
		void (*make)(FILE *to);
	} shells[] = {{"ota.bash", make_bash}, {"_ota", make_zsh}, {"ota.fish", make_fish}};
	bool sound = true;
	char path[4096];

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, shells[i].name);
		FILE *to = fopen(path, "w");
		if (to)
			shells[i].make(to);
		sound = to && fclose(to) == 0 && sound;
	}
	return sound;
}
