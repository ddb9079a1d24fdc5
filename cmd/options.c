/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/suggest.h"
#include "cmd/value.h"

#define AT(field) offsetof(struct global_options, field)

const struct option_row global_rows[] = {
	{"config", "FILE", "read this in place of the ota.conf of the system", OPTION_FILE,
		.offset = AT(config)},
	{"root", "DIR", "put DIR before every path of the configuration or a default", OPTION_FILE,
		.offset = AT(root)},
	{"json", NULL, "print one JSON object, also for an error", OPTION_FLAG, .offset = AT(json)},
	{"progress", "auto|bar|lines|json|none", "how to show progress", OPTION_CHOICE,
		.offset = AT(progress), .preset = "auto"},
	{"quiet", NULL, "print errors and data only", OPTION_FLAG, .offset = AT(quiet),
		.letter = 'q'},
	{"verbose", NULL, "say more about what is done", OPTION_FLAG, .offset = AT(verbose),
		.letter = 'v'},
	{"help", NULL, "show this help", OPTION_FLAG, .offset = AT(help), .letter = 'h'},
	{"version", NULL, "show the version of ota", OPTION_FLAG, .offset = AT(version)},
};
const size_t n_global_rows = ARRAY_LEN(global_rows);

struct scan {
	struct front *front;
	struct parsed *p;
	char **argv;
	int argc, next;
	struct err *err;
};

/* A row, and the struct that it points into. */
struct match {
	const struct option_row *row;
	void *base;
};

static int usage_hint(const struct scan *s)
{
	const struct command *c = s->p->command;

	return err_hint(
		s->err, "ota %s%s--help shows what there is", c ? c->name : "", c ? " " : "");
}

static int store_time(
	const struct option_row *row, const char *value, unsigned *ms, struct err *err)
{
	if (value_time(value, ms, err) < 0)
		return -1;
	return *ms >= row->min ? 0 : err_set(err, OTA_USAGE, "'%.40s' is too short", value);
}

static int store_another(struct option_list *list, const char *value, struct err *err)
{
	if (list->n == OPTION_LIST_MAX)
		return err_set(err, OTA_USAGE, "given more than %d times", OPTION_LIST_MAX);
	list->items[list->n++] = value;
	return 0;
}

static int store(const struct option_row *row, void *base, const char *value, struct err *err)
{
	void *field = (char *)base + row->offset;

	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_CHOICE:
		if (value_choice(value, row->arg, err) < 0)
			return -1;
		*(const char **)field = value;
		return 0;
	case OPTION_STRING:
	case OPTION_FILE:
	case OPTION_FILES:
		if (!*value)
			return err_set(err, OTA_USAGE, "the value is empty");
		if (row->type == OPTION_FILES)
			return store_another(field, value, err);
		*(const char **)field = value;
		return 0;
	case OPTION_UINT:
		return value_uint(value, row->min, row->max, field, err);
	case OPTION_SIZE:
		return value_size(value, row->min, row->max, field, err);
	case OPTION_TIME:
		return store_time(row, value, field, err);
	}
	return err_set(err, OTA_FAILED, "an option of unknown type");
}

static int store_presets(const struct option_row *rows, size_t n, void *base, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].preset && store(&rows[i], base, rows[i].preset, err) < 0)
			return err_wrap(err, "preset of --%s", rows[i].name);
	return 0;
}

static const struct option_row *find_row(
	const struct option_row *rows, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (len == 1 && rows[i].letter == *name)
			return &rows[i];
		if (len > 1 && strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len))
			return &rows[i];
	}
	return NULL;
}

/* The command's own options come first. */
static struct match find(const struct scan *s, const char *name, size_t len)
{
	const struct command *c = s->p->command;
	struct match m = {NULL, s->p->args};

	if (c)
		m.row = find_row(c->options, c->n_options, name, len);
	if (!m.row) {
		m.row = find_row(global_rows, n_global_rows, name, len);
		m.base = &s->front->options;
	}
	return m;
}

static int unknown_option(const struct scan *s, const char *shown)
{
	const struct command *c = s->p->command;
	const char *near = suggest_option(c, shown + strspn(shown, "-"));

	err_set(s->err, OTA_USAGE, "there is no option '%.100s'%s", shown,
		c ? "" : " before a command");
	if (near && shown[1] == '-')
		return err_hint(s->err, "did you mean '--%s'?", near);
	return usage_hint(s);
}

/* Takes the option's value from behind '=' or from the next argument, and stores it. */
static int apply(struct scan *s, struct match m, const char *shown, const char *value)
{
	if (!m.row->arg && value) {
		err_set(s->err, OTA_USAGE, "%s takes no value", shown);
		return usage_hint(s);
	}
	if (m.row->arg && !value) {
		if (s->next == s->argc) {
			err_set(s->err, OTA_USAGE, "%s needs a value, %s", shown, m.row->arg);
			return usage_hint(s);
		}
		value = s->argv[s->next++];
	}
	if (store(m.row, m.base, value, s->err) < 0) {
		err_wrap(s->err, "%s", shown);
		return usage_hint(s);
	}
	return 0;
}

static int take_long(struct scan *s, const char *arg)
{
	size_t len = strcspn(arg + 2, "=");
	char shown[64];

	/* a single letter is no long name */
	struct match m = len > 1 ? find(s, arg + 2, len) : (struct match){0};
	if (!m.row)
		return unknown_option(s, arg);
	snprintf(shown, sizeof(shown), "--%s", m.row->name);
	return apply(s, m, shown, arg[2 + len] ? arg + 3 + len : NULL);
}

/* -q, -qv, -o VALUE, -oVALUE */
static int take_letters(struct scan *s, const char *arg)
{
	for (const char *c = arg + 1; *c; c++) {
		struct match m = find(s, c, 1);
		char shown[] = {'-', *c, '\0'};

		if (!m.row)
			return unknown_option(s, arg[2] ? arg : shown);
		const char *rest = m.row->arg && c[1] ? c + 1 : NULL;
		if (apply(s, m, shown, rest) < 0)
			return -1;
		if (rest)
			break;
	}
	return 0;
}

static int choose(struct scan *s, const char *name);

/* "container pull" is the command container-pull. */
static int choose_of_group(struct scan *s, const char *group)
{
	char name[64];

	/* "container --help" is answered by the list of all */
	if (s->next < s->argc &&
		(!strcmp(s->argv[s->next], "--help") || !strcmp(s->argv[s->next], "-h")))
		return 0;
	if (s->next == s->argc || s->argv[s->next][0] == '-') {
		err_set(s->err, OTA_USAGE, "ota %s needs a word more", group);
		return err_hint(s->err, "ota --help lists them");
	}
	snprintf(name, sizeof(name), "%s-%.40s", group, s->argv[s->next++]);
	return choose(s, name);
}

static int choose(struct scan *s, const char *name)
{
	const struct command *c = command_find(name);

	if (!c) {
		const char *near = suggest_command(name);

		err_set(s->err, OTA_USAGE, "there is no command '%.64s'", name);
		return near ? err_hint(s->err, "did you mean '%s'?", near)
			    : err_hint(s->err, "ota --help lists the commands");
	}
	s->front->command = c->name;
	if (!c->run) {
		err_set(s->err, OTA_FAILED, "not built yet: this version of ota lacks it");
		return err_hint(s->err, "ota --help lists the commands");
	}
	s->p->command = c;
	s->p->args = calloc(1, c->args_size ? c->args_size : 1);
	if (!s->p->args)
		return err_set(s->err, OTA_FAILED, "out of memory");
	return store_presets(c->options, c->n_options, s->p->args, s->err);
}

/* "ota-fetch" is "ota fetch"; any other name is plain "ota". */
static int choose_by_name(struct scan *s)
{
	const char *name = s->argc ? s->argv[0] : "";
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;

	if (strncmp(base, "ota-", 4) || !command_find(base + 4))
		return 0;
	return choose(s, base + 4);
}

static int scan_all(struct scan *s)
{
	bool options_end = false;

	while (s->next < s->argc) {
		char *arg = s->argv[s->next++];
		int rc = 0;

		if (!options_end && !strcmp(arg, "--")) {
			options_end = true;
		} else if (!options_end && !strncmp(arg, "--", 2)) {
			rc = take_long(s, arg);
		} else if (!options_end && arg[0] == '-' && arg[1]) {
			rc = take_letters(s, arg);
		} else if (!s->p->command && !strcmp(arg, "help")) {
			s->front->options.help = true;
		} else if (!s->p->command && !strcmp(arg, "container")) {
			rc = choose_of_group(s, arg);
		} else if (!s->p->command) {
			rc = choose(s, arg);
		} else {
			s->p->argv[s->p->argc++] = arg;
			options_end |= s->p->command->passes_on;
		}
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int check_required(const struct scan *s)
{
	const struct command *c = s->p->command;

	for (size_t i = 0; i < c->n_options; i++) {
		const struct option_row *row = &c->options[i];

		/* only rows whose field is a pointer are ever required */
		if (row->required && !*(void **)((char *)s->p->args + row->offset)) {
			err_set(s->err, OTA_USAGE, "--%s %s is missing", row->name, row->arg);
			return usage_hint(s);
		}
	}
	return 0;
}

static int check_whole(const struct scan *s)
{
	const struct command *c = s->p->command;

	if (!c) {
		err_set(s->err, OTA_USAGE, "no command was given");
		return err_hint(s->err, "ota --help lists the commands");
	}
	if ((unsigned)s->p->argc < c->min_args) {
		err_set(s->err, OTA_USAGE, "%s is missing", c->synopsis);
		return usage_hint(s);
	}
	if ((unsigned)s->p->argc > c->max_args) {
		err_set(s->err, OTA_USAGE, "'%.100s' is one argument too many",
			s->p->argv[c->max_args]);
		return usage_hint(s);
	}
	return check_required(s);
}

/* A line that cannot be parsed may still ask for its error in JSON. */
static bool asks_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

int options_parse(struct front *front, int argc, char **argv, struct parsed *p, struct err *err)
{
	struct scan s = {.front = front, .p = p, .argv = argv, .argc = argc, .next = 1, .err = err};

	*p = (struct parsed){.argv = calloc((size_t)argc + 1, sizeof(char *))};
	if (!p->argv)
		return err_set(err, OTA_FAILED, "out of memory");
	if (store_presets(global_rows, n_global_rows, &front->options, err) == 0 &&
		choose_by_name(&s) == 0 && scan_all(&s) == 0 &&
		(front->options.help || front->options.version || check_whole(&s) == 0))
		return 0;
	front->options.json |= asks_for_json(argc, argv);
	return -1;
}

void options_free(struct parsed *p)
{
	free(p->args);
	free(p->argv);
}
