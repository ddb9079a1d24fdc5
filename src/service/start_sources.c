/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "oci/runtime_config.h"
#include "service/start_child.h"

static int wrong(const struct start_spec *spec, unsigned line, const char *path, const char *why,
	struct err *err)
{
	err_set(err, OTA_CONFIG, "service '%s', line %u: %s %s", spec->place->name, line, path,
		why);
	return -1;
}

/* Is `path` the folder, or in it? Both are real paths. */
static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

/* As the compose file is checked, but where the links of today lead to. */
static int check_bind(const struct start_spec *spec, const struct compose_mount *m,
	const char *real, struct err *err)
{
	const char *const ours[][2] = {{spec->place->store, "leads to the store"},
		{spec->place->run, "leads to where services are told what to do"}};
	char path[PATH_MAX];

	if (!strcmp(real, "/"))
		return wrong(spec, m->line, m->source, "leads to the root of the machine", err);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (!realpath(ours[i][0], path))
			return err_errno(err, OTA_IO, "%s", ours[i][0]);
		if (is_below(real, path) || is_below(path, real))
			return wrong(spec, m->line, m->source, ours[i][1], err);
	}
	return 0;
}

static const char *bind_source(const struct start_spec *spec, const struct compose_mount *m,
	struct arena *arena, struct err *err)
{
	char real[PATH_MAX];

	if (!realpath(m->source, real)) {
		err_errno(err, OTA_CONFIG, "service '%s', line %u: %s", spec->place->name, m->line,
			m->source);
		err_hint(err, "mkdir -p %.200s", m->source);
		return NULL;
	}
	return check_bind(spec, m, real, err) < 0 ? NULL
						  : arena_copy(arena, real, strlen(real), err);
}

static const char *volume_source(const struct start_spec *spec, const struct compose_mount *m,
	struct arena *arena, struct err *err)
{
	const char *path = arena_printf(arena, err, "%s/volumes/%s", spec->place->store, m->source);
	struct stat st;

	if (!path || dir_make(path, err) < 0)
		return NULL;
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return path;
	wrong(spec, m->line, path, "is no folder", err);
	return NULL;
}

int start_sources(const struct start_spec *spec, struct arena *arena, const char *const **sources,
	struct err *err)
{
	const struct compose_mounts *mounts = &spec->plan->service->mounts;
	const char **list = arena_take(arena, mounts->n, sizeof(*list), err);

	*sources = list;
	for (size_t i = 0; list && i < mounts->n; i++) {
		const struct compose_mount *m = &mounts->items[i];

		if (m->kind == COMPOSE_TMPFS)
			continue;
		list[i] = m->kind == COMPOSE_BIND ? bind_source(spec, m, arena, err)
						  : volume_source(spec, m, arena, err);
		if (!list[i])
			return -1;
	}
	return list ? 0 : -1;
}

int start_devices(const struct start_spec *spec, struct arena *arena,
	const struct runtime_device **devices, struct err *err)
{
	const struct compose_devices *from = &spec->plan->service->devices;
	struct runtime_device *list = arena_take(arena, from->n, sizeof(*list), err);
	struct stat st;

	*devices = list;
	for (size_t i = 0; list && i < from->n; i++) {
		const struct compose_device *d = &from->items[i];

		if (stat(d->source, &st) < 0)
			return err_errno(err, OTA_CONFIG, "service '%s': device %s",
				spec->place->name, d->source);
		if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
			return err_set(err, OTA_CONFIG, "service '%s': %s is no device",
				spec->place->name, d->source);
		list[i] = (struct runtime_device){.path = d->target,
			.type = S_ISCHR(st.st_mode) ? 'c' : 'b',
			.major = major(st.st_rdev),
			.minor = minor(st.st_rdev),
			.mode = st.st_mode & 07777,
			.uid = st.st_uid,
			.gid = st.st_gid,
			.access = d->access};
	}
	return list ? 0 : -1;
}
