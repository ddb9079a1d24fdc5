/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/compose.h"

#include <string.h>

#include "oci/compose_reader.h"

#define HANDOVER_TIMEOUT_MS 60000
#define WATCH_MS 60000
#define STOP_GRACE_MS 10000

/* What people's files have, with what to do instead. */
static const struct {
	const char *key, *hint;
} unsupported[] = {
	{"build", "images are built elsewhere; name one by 'image'"},
	{"configs", "mount a file by 'volumes'"},
	{"container_name", "a container is called as its service"},
	{"deploy", "limits are mem_limit and cpus, on the service itself"},
	{"extends", "use an anchor and '<<'"},
	{"links", "use depends_on"},
	{"networks", "use network_mode: private, host or none"},
	{"privileged", "say what it needs: cap_add, devices"},
	{"secrets", "mount a file by 'volumes'"},
};

static int check_supported(const struct yaml *map, struct err *err)
{
	for (size_t i = 0; map->kind == YAML_MAP && i < map->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(unsupported); k++)
			if (!strcmp(map->pairs[i].key->text, unsupported[k].key)) {
				yaml_fail(map->pairs[i].key, err,
					"'%s' is not supported on devices", unsupported[k].key);
				return err_hint(err, "%s", unsupported[k].hint);
			}
	return 0;
}

/* env_file and labels come first: what else is said wins over them. */
static int take_first(
	struct compose_reader *r, const struct yaml *map, struct service *s, struct err *err)
{
	static const struct compose_key keys[] = {
		{"env_file", compose_take_env_file}, {"labels", compose_take_labels}};

	for (size_t i = 0; map->kind == YAML_MAP && i < map->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			if (!strcmp(map->pairs[i].key->text, keys[k].name) &&
				compose_take_pair(r, &map->pairs[i], &keys[k], 1, "", s, err) < 0)
				return -1;
	return 0;
}

static int take_service(
	struct compose_reader *r, const struct yaml *map, struct service *s, struct err *err)
{
	static const struct compose_key keys[] = {{"image", compose_take_image},
		{"command", compose_take_command}, {"entrypoint", compose_take_entrypoint},
		{"env_file", NULL}, {"labels", NULL}, {"environment", compose_take_environment},
		{"volumes", compose_take_volumes}, {"tmpfs", compose_take_tmpfs},
		{"devices", compose_take_devices}, {"network_mode", compose_take_network_mode},
		{"ports", compose_take_ports}, {"restart", compose_take_restart},
		{"user", compose_take_user}, {"working_dir", compose_take_working_dir},
		{"cap_add", compose_take_cap_add}, {"cap_drop", compose_take_cap_drop},
		{"read_only", compose_take_read_only}, {"healthcheck", compose_take_healthcheck},
		{"stop_signal", compose_take_stop_signal},
		{"stop_grace_period", compose_take_stop_grace},
		{"depends_on", compose_take_depends_on}, {"mem_limit", compose_take_memory},
		{"cpus", compose_take_cpus}, {"x-ota", compose_take_ota}};

	if (check_supported(map, err) < 0 || take_first(r, map, s, err) < 0 ||
		compose_take_map(r, map, keys, ARRAY_LEN(keys), "a service", s, err) < 0)
		return -1;
	return s->image ? 0 : yaml_fail(map, err, "the service '%.100s' has no image", s->name);
}

static int take_services(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose *c = out;

	if (value->kind != YAML_MAP || !value->n)
		return yaml_fail(value, err, "services are a mapping of at least one name");
	if (value->n > COMPOSE_MAX_SERVICES)
		return yaml_fail(value->pairs[COMPOSE_MAX_SERVICES].key, err,
			"more than %d services", COMPOSE_MAX_SERVICES);
	c->services = arena_take(r->arena, value->n, sizeof(*c->services), err);
	if (!c->services)
		return -1;
	for (size_t i = 0; i < value->n; i++) {
		const struct yaml *name = value->pairs[i].key;
		struct service *s = &c->services[c->n++];

		*s = (struct service){.name = name->text,
			.line = name->line,
			.stop_grace_ms = STOP_GRACE_MS,
			.update = {
				.handover_timeout_ms = HANDOVER_TIMEOUT_MS, .watch_ms = WATCH_MS}};
		if (!compose_is_name(name->text, false)) {
			yaml_fail(name, err, "'%.100s' is no name for a service", name->text);
			return err_hint(err, "small letters and digits, then also _ . and -");
		}
		if (take_service(r, value->pairs[i].value, s, err) < 0)
			return -1;
	}
	return 0;
}

static int take_volumes(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_list *list = &((struct compose *)out)->volumes;

	if (value->kind != YAML_MAP)
		return yaml_fail(value, err, "volumes are a mapping of names");
	list->items = arena_take(r->arena, value->n, sizeof(*list->items), err);
	if (!list->items)
		return -1;
	for (size_t i = 0; i < value->n; i++) {
		const struct yaml_pair *p = &value->pairs[i];

		if (!compose_is_name(p->key->text, true))
			return yaml_fail(
				p->key, err, "'%.100s' is no name for a volume", p->key->text);
		if (p->value->kind != YAML_NULL && compose_take_map(r, p->value, NULL, 0,
							   "a volume of a device", out, err) < 0)
			return -1;
		list->items[list->n++] = p->key->text;
	}
	return 0;
}

static int take_name(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose *c = out;

	c->name = compose_word(r, value, err);
	return c->name ? 0 : -1;
}

/* Compose looks at it no more. */
static int take_version(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)out;
	return compose_word(r, value, err) ? 0 : -1;
}

static int take_top(struct compose_reader *r, const struct yaml *root, struct err *err)
{
	static const struct compose_key keys[] = {{"services", take_services},
		{"volumes", take_volumes}, {"name", take_name}, {"version", take_version}};

	if (root->kind != YAML_MAP)
		return yaml_fail(root, err, "the file is no mapping with 'services'");
	if (check_supported(root, err) < 0)
		return -1;
	for (size_t i = 0; i < root->n; i++) {
		const struct yaml *key = root->pairs[i].key;

		if (!strcmp(key->text, "x-ota")) {
			yaml_fail(key, err, "'x-ota' stands at the top level");
			return err_hint(err, "it belongs into a service");
		}
		if (strncmp(key->text, "x-", 2) != 0 &&
			compose_take_pair(r, &root->pairs[i], keys, ARRAY_LEN(keys), "the file",
				r->compose, err) < 0)
			return -1;
	}
	return r->compose->n ? 0 : yaml_fail(root, err, "there are no 'services'");
}

int compose_parse(const char *text, size_t len, const struct compose_place *place,
	struct compose *c, struct err *err)
{
	*c = (struct compose){0};
	struct compose_reader r = {.compose = c, .arena = &c->arena, .place = place};
	const struct yaml *root = yaml_parse(text, len, place->file, r.arena, err);

	if (root && take_top(&r, root, err) == 0 && compose_check(&r, err) == 0)
		return 0;
	compose_free(c);
	return -1;
}

void compose_free(struct compose *c)
{
	arena_free(&c->arena);
	*c = (struct compose){0};
}

const struct service *compose_find(const struct compose *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->services[i].name, name))
			return &c->services[i];
	return NULL;
}
