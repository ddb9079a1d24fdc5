/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/compose_reader.h"

static bool is_access(const char *text)
{
	size_t len = strlen(text);

	return len && len <= 3 && strspn(text, "rwm") == len &&
	       strchr(text, 'r') == strrchr(text, 'r') && strchr(text, 'w') == strrchr(text, 'w') &&
	       strchr(text, 'm') == strrchr(text, 'm');
}

static bool is_taken(const struct service *s, const char *target)
{
	for (size_t i = 0; i < s->devices.n; i++)
		if (!strcmp(s->devices.items[i].target, target))
			return true;
	for (size_t i = 0; i < s->mounts.n; i++)
		if (!strcmp(s->mounts.items[i].target, target))
			return true;
	return false;
}

/* SOURCE[:TARGET][:rwm] */
static int take_device(struct compose_reader *r, const struct yaml *at, const struct service *s,
	struct compose_device *d, struct err *err)
{
	const char *text = compose_word(r, at, err), *rest, *access = NULL;
	const char *source = text ? compose_cut(r, text, ':', &rest, err) : NULL;
	const char *target = source;

	if (!source)
		return -1;
	if (rest && *rest == '/')
		target = compose_cut(r, rest, ':', &access, err);
	else
		access = rest;
	d->source = target ? compose_machine_path(r, at, source, err) : NULL;
	d->target = d->source ? compose_clean_path(r, at, target, err) : NULL;
	if (!d->target)
		return -1;
	if (!strcmp(d->target, "/"))
		return yaml_fail(at, err, "'%.100s' is no device", text);
	if (access && !is_access(access))
		return yaml_fail(at, err, "'%.100s' is not of r, w and m", access);
	d->access = access ? access : "rwm";
	return is_taken(s, d->target) ? yaml_fail(at, err, "'%.200s' is there already", d->target)
				      : 0;
}

int compose_take_devices(
	struct compose_reader *r, const struct yaml *value, void *out, struct err *err)
{
	struct service *s = out;

	if (value->kind != YAML_LIST)
		return yaml_fail(value, err, "a list is expected here");
	s->devices.items = arena_take(r->arena, value->n, sizeof(*s->devices.items), err);
	if (!s->devices.items)
		return -1;
	for (size_t i = 0; i < value->n; i++) {
		if (take_device(r, value->items[i], s, &s->devices.items[i], err) < 0)
			return -1;
		s->devices.n = i + 1;
	}
	return 0;
}
