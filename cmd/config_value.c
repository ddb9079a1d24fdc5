/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/config_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/value.h"

#define OCI_PREFIX "oci:"

static int set_string(
	const char *before, const char *root, const char *text, char **out, struct err *err)
{
	if (asprintf(out, "%s%s%s", before, root, text) >= 0)
		return 0;
	*out = NULL;
	return err_set(err, OTA_FAILED, "out of memory");
}

/* Relative paths would mean another file for each caller's working folder. */
static int set_path(
	const char *before, const char *text, const char *root, char **out, struct err *err)
{
	if (!*text)
		return set_string("", "", "", out, err);
	if (*text != '/')
		return err_set(err, OTA_CONFIG, "'%s' must begin with '/'", text);
	return set_string(before, root, text, out, err);
}

static int set_source(const char *text, const char *root, char **out, struct err *err)
{
	static const char *const schemes[] = {"docker://", "https://", "http://"};

	if (!strncmp(text, OCI_PREFIX, strlen(OCI_PREFIX)))
		return set_path(OCI_PREFIX, text + strlen(OCI_PREFIX), root, out, err);
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (!strncmp(text, schemes[i], strlen(schemes[i])) && text[strlen(schemes[i])])
			return set_string("", "", text, out, err);
	return err_set(
		err, OTA_CONFIG, "'%s' is no source: oci:DIR, https://... or docker://...", text);
}

static bool host_is_sound(const char *host)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *port = strrchr(host, ':');
	const char *bracket = strrchr(host, ']');
	struct err unused;
	uint64_t n;

	if (!strchr(letters, *host) && *host != '[')
		return false;
	for (const char *c = host; *c; c++)
		if (!strchr(letters, *c) && !strchr(".-_:[]", *c))
			return false;
	if (*host == '[' && !bracket)
		return false;
	if (!port || (bracket && bracket > port))
		return true;
	return value_uint(port + 1, 1, 65535, &n, &unused) == 0;
}

static int add_host(struct config_list *list, const char *host, struct err *err)
{
	if (!host_is_sound(host))
		return err_set(err, OTA_CONFIG, "'%s' is no HOST or HOST:PORT", host);
	char **items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (!items)
		return err_set(err, OTA_FAILED, "out of memory");
	list->items = items;
	items[list->count] = strdup(host);
	if (!items[list->count])
		return err_set(err, OTA_FAILED, "out of memory");
	list->count++;
	return 0;
}

static int set_hosts(const char *text, struct config_list *list, struct err *err)
{
	char words[CONFIG_MAX_LINE + 2];
	char *rest = words, *word;

	snprintf(words, sizeof(words), "%s", text);
	while ((word = strsep(&rest, " \t")))
		if (*word && add_host(list, word, err) < 0)
			return -1;
	return 0;
}

static int set_time(const struct config_row *row, const char *text, unsigned *ms, struct err *err)
{
	if (value_time(text, ms, err) < 0)
		return -1;
	return *ms >= row->min ? 0 : err_set(err, OTA_CONFIG, "'%s' is too short", text);
}

static int set_field(const struct config_row *row, const char *text, const char *root, void *field,
	struct err *err)
{
	switch (row->type) {
	case CONFIG_STRING:
		return set_string("", "", text, field, err);
	case CONFIG_PATH:
		return set_path("", text, root, field, err);
	case CONFIG_INSIDE:
		return set_path("", text, "", field, err);
	case CONFIG_SOURCE:
		return set_source(text, root, field, err);
	case CONFIG_CHOICE:
		if (value_choice(text, row->form, err) < 0)
			return -1;
		return set_string("", "", text, field, err);
	case CONFIG_HOSTS:
		return set_hosts(text, field, err);
	case CONFIG_UINT:
		return value_uint(text, row->min, row->max, field, err);
	case CONFIG_SIZE:
		return value_size(text, row->min, row->max, field, err);
	case CONFIG_RATE:
		return value_rate(text, field, err);
	case CONFIG_TIME:
		return set_time(row, text, field, err);
	}
	return err_set(err, OTA_FAILED, "a key of unknown type");
}

int config_value_set(const struct config_row *row, const char *text, const char *root,
	struct config *config, struct err *err)
{
	if (set_field(row, text, root, (char *)config + row->offset, err) == 0)
		return 0;
	err->code = OTA_CONFIG;
	return err_wrap(err, "'%s' in [%s]", row->key, row->section);
}

static void free_list(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct config_list){0};
}

void config_value_free(const struct config_row *row, struct config *config)
{
	void *field = (char *)config + row->offset;

	switch (row->type) {
	case CONFIG_STRING:
	case CONFIG_PATH:
	case CONFIG_INSIDE:
	case CONFIG_SOURCE:
	case CONFIG_CHOICE:
		free(*(char **)field);
		*(char **)field = NULL;
		break;
	case CONFIG_HOSTS:
		free_list(field);
		break;
	case CONFIG_UINT:
	case CONFIG_SIZE:
	case CONFIG_RATE:
	case CONFIG_TIME:
		break;
	}
}
