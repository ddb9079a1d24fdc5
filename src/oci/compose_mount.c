/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/compose_reader.h"

static int check_target(
	const struct yaml *at, const struct service *s, const char *target, struct err *err)
{
	if (!strcmp(target, "/"))
		return yaml_fail(at, err, "nothing can be mounted on the container's /");
	for (size_t i = 0; i < s->mounts.n; i++)
		if (!strcmp(s->mounts.items[i].target, target))
			return yaml_fail(at, err, "'%.200s' is mounted in line %u already", target,
				s->mounts.items[i].line);
	for (size_t i = 0; i < s->devices.n; i++)
		if (!strcmp(s->devices.items[i].target, target))
			return yaml_fail(at, err, "'%.200s' is one of the devices", target);
	return 0;
}

static int add_mount(struct compose_reader *r, const struct yaml *at, struct service *s,
	struct compose_mount *m, struct err *err)
{
	struct compose_mounts *all = &s->mounts;

	if (check_target(at, s, m->target, err) < 0)
		return -1;
	struct compose_mount *items = arena_grow(r->arena, all->items, all->n, sizeof(*items), err);
	if (!items)
		return -1;
	m->line = at->line;
	items[all->n++] = *m;
	all->items = items;
	return 0;
}

bool compose_is_within(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (path[len] == '/' || !path[len]);
}

/* The folder or file of a bind. */
static int take_source(struct compose_reader *r, const struct yaml *at, const char *text,
	struct compose_mount *m, struct err *err)
{
	const char *store = r->place->store;

	if (*text == '/') {
		const char *clean = compose_clean_path(r, at, text, err);
		if (!clean)
			return -1;
		if (!strcmp(clean, "/"))
			return yaml_fail(at, err, "a service may not see the whole machine");
	}
	m->source = compose_resolve(r, at, text, err);
	if (!m->source)
		return -1;
	if (compose_is_within(m->source, store) || compose_is_within(store, m->source))
		return yaml_fail(at, err, "'%.200s' would open the store %.200s to the service",
			text, store);
	return 0;
}

/* Tells by its form what a short source is. */
static int take_short_source(struct compose_reader *r, const struct yaml *at, const char *text,
	struct compose_mount *m, struct err *err)
{
	m->kind = COMPOSE_BIND;
	if (*text == '/' || !strncmp(text, "./", 2) || !strcmp(text, "."))
		return take_source(r, at, text, m, err);
	m->kind = COMPOSE_VOLUME;
	m->source = text;
	if (compose_is_name(text, true))
		return 0;
	return yaml_fail(
		at, err, "'%.100s' begins neither with / nor ./ and is no volume's name", text);
}

static int take_short(
	struct compose_reader *r, const struct yaml *at, struct service *s, struct err *err)
{
	const char *text = compose_word(r, at, err), *rest, *option;
	struct compose_mount m = {0};
	const char *source = text ? compose_cut(r, text, ':', &rest, err) : NULL;

	if (!source)
		return -1;
	if (!rest) {
		yaml_fail(at, err, "'%.100s' has no source", text);
		return err_hint(err, "a volume that is kept has a name: NAME:%.100s", text);
	}
	const char *target = compose_cut(r, rest, ':', &option, err);
	if (!target || take_short_source(r, at, source, &m, err) < 0)
		return -1;
	m.target = compose_clean_path(r, at, target, err);
	if (!m.target)
		return -1;
	m.is_read_only = option && !strcmp(option, "ro");
	if (option && !m.is_read_only && strcmp(option, "rw"))
		return yaml_fail(at, err, "'%.100s' is not ro or rw", option);
	return add_mount(r, at, s, &m, err);
}

/* --- the long form: its keys come in any order, so texts are noted first --- */

struct long_form {
	struct compose_mount mount;
	unsigned kind;
	const char *source;
	bool has_kind, has_tmpfs;
};

static int take_type(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	static const char *const words[] = {"bind", "volume", "tmpfs"};
	struct long_form *f = out;

	(void)r;
	f->has_kind = true;
	return compose_choice(value, words, ARRAY_LEN(words), &f->kind, err);
}

static int take_long_source(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct long_form *f = out;

	f->source = compose_word(r, value, err);
	return f->source ? 0 : -1;
}

static int take_target(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct long_form *f = out;

	f->mount.target = compose_path(r, value, err);
	return f->mount.target ? 0 : -1;
}

static int take_ro(struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	(void)r;
	return compose_bool(value, &((struct long_form *)out)->mount.is_read_only, err);
}

static int set_size(
	const struct yaml *at, const char *text, struct compose_mount *m, struct err *err)
{
	if (compose_size(text, &m->size_bytes) && m->size_bytes)
		return 0;
	yaml_fail(at, err, "'%.60s' is no size", text);
	return err_hint(err, "sizes are written as 512k, 64m or 1g");
}

static int set_mode(
	const struct yaml *at, const char *text, struct compose_mount *m, struct err *err)
{
	size_t len = strspn(text, "01234567");

	m->mode = 0;
	for (const char *c = text; *c >= '0' && *c <= '7' && c < text + 5; c++)
		m->mode = m->mode * 8 + (unsigned)(*c - '0');
	return len && len <= 5 && !text[len] && m->mode <= 07777
		       ? 0
		       : yaml_fail(at, err, "'%.60s' is no mode like 1777", text);
}

static int take_tmpfs_size(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	const char *text = compose_word(r, value, err);

	return text ? set_size(value, text, &((struct long_form *)out)->mount, err) : -1;
}

static int take_tmpfs_mode(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	const char *text = compose_word(r, value, err);

	return text ? set_mode(value, text, &((struct long_form *)out)->mount, err) : -1;
}

static int take_long_tmpfs(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	static const struct compose_key keys[] = {
		{"size", take_tmpfs_size}, {"mode", take_tmpfs_mode}};

	((struct long_form *)out)->has_tmpfs = true;
	return compose_take_map(r, value, keys, ARRAY_LEN(keys), "tmpfs", out, err);
}

static int take_long(
	struct compose_reader *r, const struct yaml *at, struct service *s, struct err *err)
{
	static const struct compose_key keys[] = {{"type", take_type}, {"source", take_long_source},
		{"target", take_target}, {"read_only", take_ro}, {"tmpfs", take_long_tmpfs}};
	struct long_form f = {.mount = {.mode = 01777}};
	struct compose_mount *m = &f.mount;

	if (compose_take_map(r, at, keys, ARRAY_LEN(keys), "a volume", &f, err) < 0)
		return -1;
	if (!f.has_kind || !m->target)
		return yaml_fail(at, err, "a volume needs a type and a target");
	m->kind = (enum compose_mount_kind)f.kind;
	if ((m->kind == COMPOSE_TMPFS) == !!f.source)
		return yaml_fail(at, err, "a volume of type %s has %s source",
			compose_mount_word(m->kind), f.source ? "no" : "a");
	if (m->kind != COMPOSE_TMPFS && f.has_tmpfs)
		return yaml_fail(at, err, "'tmpfs' goes with type tmpfs");
	enum compose_mount_kind kind = m->kind;
	if (f.source && take_short_source(r, at, f.source, m, err) < 0)
		return -1;
	if (m->kind != kind)
		return yaml_fail(at, err, "'%.100s' is no source of type %s", f.source,
			compose_mount_word(kind));
	return add_mount(r, at, s, m, err);
}

int compose_take_volumes(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	if (value->kind != YAML_LIST)
		return yaml_fail(value, err, "a list is expected here");
	for (size_t i = 0; i < value->n; i++) {
		const struct yaml *item = value->items[i];

		if ((item->kind == YAML_MAP ? take_long : take_short)(r, item, out, err) < 0)
			return -1;
	}
	return 0;
}

static int take_one_tmpfs(struct compose_reader *r, const struct yaml *at, const char *text,
	struct service *s, struct err *err)
{
	struct compose_mount m = {.kind = COMPOSE_TMPFS, .mode = 01777};
	const char *options, *path = compose_cut(r, text, ':', &options, err);

	if (!path || !(m.target = compose_clean_path(r, at, path, err)))
		return -1;
	while (options) {
		const char *option = compose_cut(r, options, ',', &options, err);
		if (!option)
			return -1;
		if (!strncmp(option, "size=", 5) ? set_size(at, option + 5, &m, err) < 0
			: !strncmp(option, "mode=", 5)
				? set_mode(at, option + 5, &m, err) < 0
				: yaml_fail(at, err, "'%.100s' is not size= or mode=", option) < 0)
			return -1;
	}
	return add_mount(r, at, s, &m, err);
}

int compose_take_tmpfs(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct compose_list all;

	if (compose_word_list(r, value, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (take_one_tmpfs(r, value->kind == YAML_LIST ? value->items[i] : value,
			    all.items[i], out, err) < 0)
			return -1;
	return 0;
}
