/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/config.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/config_value.h"

/*
 * inih takes a ';' behind white space for a comment, splits long lines, joins indented ones and
 * takes ':' for '='. Here a value runs to the end of its line, so the reader below refuses what
 * inih would change and hides each ';' of a value behind a byte that no line may contain.
 */
#define HIDDEN_SEMICOLON '\001'

struct parse {
	const char *at, *end; /* of the text that is still to be read */
	const char *name;
	const char *root;
	unsigned line;
	unsigned seen[CONFIG_MAX_ROWS]; /* the line of each key; 0: not given */
	struct config *config;
	struct err *err;
	bool failed;
};

static int fail_at(struct parse *p)
{
	char message[sizeof(p->err->msg)];

	p->failed = true;
	memcpy(message, p->err->msg, sizeof(message));
	return err_set(p->err, OTA_CONFIG, "%s:%u: %.600s", p->name, p->line, message);
}

static const char *line_fault(const char *line, size_t len)
{
	if (len > CONFIG_MAX_LINE)
		return "is longer than 190 bytes";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' && line[i] != '\t')
			return "has a control character";
	size_t blank = strspn(line, " \t");
	if (line[blank] == '\0' || line[0] == '#' || line[0] == ';')
		return NULL;
	if (blank)
		return "begins with white space";
	if (line[0] == '[')
		return strcspn(line, "]") == len - 1 ? NULL : "is no [section]";
	return line[strcspn(line, "=:")] == '=' ? NULL : "is neither [section] nor key = value";
}

/* Copies the next line, without its end; the length counts bytes that did not fit, too. */
static size_t next_line(struct parse *p, char line[CONFIG_MAX_LINE + 2])
{
	const char *eol = memchr(p->at, '\n', (size_t)(p->end - p->at));
	size_t len = (size_t)((eol ? eol : p->end) - p->at);
	size_t kept = len <= CONFIG_MAX_LINE ? len : CONFIG_MAX_LINE + 1;

	memcpy(line, p->at, kept);
	line[kept] = '\0';
	p->at = eol ? eol + 1 : p->end;
	p->line++;
	if (kept == len)
		while (len && strchr("\r \t", line[len - 1]))
			line[--len] = '\0';
	return len;
}

/* In place of fgets(), for inih. */
static char *read_line(char *out, int room, void *ctx)
{
	struct parse *p = ctx;
	char line[CONFIG_MAX_LINE + 2];

	if (p->failed || p->at == p->end)
		return NULL;
	size_t len = next_line(p, line);
	const char *fault = line_fault(line, len);
	if (!fault && len + 2 > (size_t)room)
		fault = "is too long";
	if (fault) {
		err_set(p->err, OTA_CONFIG, "this line %s", fault);
		fail_at(p);
		return NULL;
	}
	for (size_t i = 1; line[0] != ';' && i < len; i++)
		if (line[i] == ';')
			line[i] = HIDDEN_SEMICOLON;
	snprintf(out, (size_t)room, "%s\n", line);
	return out;
}

static const struct config_row *find_row(const char *section, const char *key, struct err *err)
{
	bool section_known = false;

	for (size_t i = 0; i < n_config_rows; i++) {
		if (strcmp(config_rows[i].section, section))
			continue;
		section_known = true;
		if (!strcmp(config_rows[i].key, key))
			return &config_rows[i];
	}
	if (!*section)
		err_set(err, OTA_CONFIG, "'%s' stands before any [section]", key);
	else if (!section_known)
		err_set(err, OTA_CONFIG, "there is no section [%s]", section);
	else
		err_set(err, OTA_CONFIG, "there is no key '%s' in [%s]", key, section);
	err_hint(err, "ota.conf(5) lists every section and key");
	return NULL;
}

static int take_pair(struct parse *p, const char *section, const char *key, const char *text)
{
	const struct config_row *row = find_row(section, key, p->err);
	char value[CONFIG_MAX_LINE + 2];

	if (!row)
		return -1;
	unsigned *seen = &p->seen[row - config_rows];
	if (*seen)
		return err_set(p->err, OTA_CONFIG, "'%s' was already given in line %u", key, *seen);
	*seen = p->line;
	snprintf(value, sizeof(value), "%s", text);
	for (char *c = value; (c = strchr(c, HIDDEN_SEMICOLON));)
		*c = ';';
	if (!*value && !row->may_be_empty) {
		err_set(p->err, OTA_CONFIG, "'%s' is empty", key);
		return err_hint(p->err, "remove the line to have the default");
	}
	return config_value_set(row, value, p->root, p->config, p->err);
}

static int handle_pair(void *ctx, const char *section, const char *key, const char *value)
{
	struct parse *p = ctx;

	if (p->failed)
		return 0;
	if (take_pair(p, section, key, value) == 0)
		return 1;
	char hint[sizeof(p->err->hint)];
	memcpy(hint, p->err->hint, sizeof(hint));
	fail_at(p);
	err_hint(p->err, "%s", hint);
	return 0;
}

static int set_presets(struct parse *p)
{
	for (size_t i = 0; i < n_config_rows; i++) {
		const struct config_row *row = &config_rows[i];

		if (p->seen[i])
			continue;
		if (row->preset &&
			config_value_set(row, row->preset, p->root, p->config, p->err) < 0)
			return -1;
	}
	return 0;
}

static int check_whole(const struct parse *p)
{
	const struct config *c = p->config;

	if (c->slot_a.device && c->slot_b.device && !strcmp(c->slot_a.device, c->slot_b.device)) {
		err_set(p->err, OTA_CONFIG, "%s: both slots are %s", p->name, c->slot_a.device);
		return err_hint(p->err, "blkid tells which partitions there are");
	}
	if (!c->network.client_cert != !c->network.client_key)
		return err_set(p->err, OTA_CONFIG,
			"%s: client-cert and client-key go together, and one is missing", p->name);
	return 0;
}

int config_parse(const char *text, size_t len, const char *name, const char *root,
	struct config *config, struct err *err)
{
	struct parse p = {.at = text,
		.end = text + len,
		.name = name,
		.root = root,
		.config = config,
		.err = err};

	_Static_assert(CONFIG_MAX_LINE + 3 <= INI_MAX_LINE, "inih must hold a line");
	memset(config, 0, sizeof(*config));
	if (len > CONFIG_MAX_BYTES) {
		err_set(err, OTA_CONFIG, "%s is larger than %d bytes", name, CONFIG_MAX_BYTES);
		return -1;
	}
	int bad_line = ini_parse_stream(read_line, &p, handle_pair, &p);
	if (bad_line && !p.failed) {
		p.line = bad_line > 0 ? (unsigned)bad_line : p.line;
		err_set(err, OTA_CONFIG, "this line is neither [section] nor key = value");
		fail_at(&p);
	}
	if (!p.failed && set_presets(&p) == 0 && check_whole(&p) == 0)
		return 0;
	config_free(config);
	return -1;
}

int config_check_host(const struct config *config, const char *name, struct err *err)
{
	for (size_t i = 0; i < n_config_rows; i++) {
		const struct config_row *row = &config_rows[i];

		/* only strings are ever required */
		if (!row->required || *(char *const *)((const char *)config + row->offset))
			continue;
		err_set(err, OTA_CONFIG, "%s: '%s' is missing in [%s]", name, row->key,
			row->section);
		return err_hint(err, "an example is in ota.conf(5): man ota.conf");
	}
	return 0;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < n_config_rows; i++)
		config_value_free(&config_rows[i], config);
}
