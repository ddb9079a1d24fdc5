/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "oci/compose_reader.h"
#include "oci/runtime_part.h"

/* What each container has, unless the service mounts something there, or on a folder above. */
static const struct {
	const char *target, *type, *source;
	const char *options[7];
} usual[] = {
	{"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts", "devpts", "devpts",
		{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

static int put_mount(json_t *mounts, const char *target, const char *type, const char *source,
	const char *const *options, struct err *err)
{
	json_t *mount = json_make(
		err, "{s:s, s:s, s:s}", "destination", target, "type", type, "source", source);

	if (json_append(mounts, mount, err) < 0)
		return -1;
	return runtime_put_texts(mount, "options", options, err);
}

static bool is_covered(const struct service *s, const char *target)
{
	for (size_t i = 0; i < s->mounts.n; i++)
		if (compose_is_within(target, s->mounts.items[i].target))
			return true;
	return false;
}

/* As Docker does, a bind keeps the flags of where it comes from, nosuid and nodev are not added:
 * no_new_privs makes set-id bits void, and the device controller lets no node work that the service
 * was not given. Read-only holds for the mount itself; mounts below it would take Linux 5.12. */
static int put_bind(json_t *mounts, const char *target, const char *source, const char *how,
	bool is_read_only, struct err *err)
{
	const char *const options[] = {how, "rprivate", is_read_only ? "ro" : NULL, NULL};

	return put_mount(mounts, target, "bind", source, options, err);
}

/* Without noexec: Compose would have it, but gives a word to lift it, which we have not. */
static int put_tmpfs(json_t *mounts, const struct compose_mount *m, struct err *err)
{
	char mode[24], size[32];
	const char *options[6] = {"nosuid", "nodev", mode};
	size_t n = 3;

	snprintf(mode, sizeof(mode), "mode=%o", m->mode);
	snprintf(size, sizeof(size), "size=%" PRIu64, m->size_bytes);
	if (m->size_bytes)
		options[n++] = size;
	if (m->is_read_only)
		options[n++] = "ro";
	return put_mount(mounts, m->target, "tmpfs", "tmpfs", options, err);
}

static size_t depth_of(const char *path)
{
	size_t depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* Those of that depth, ours first; gives how many, or -1. */
static int put_depth(const struct runtime_spec *spec, size_t depth, json_t *mounts, struct err *err)
{
	const struct compose_mounts *all = &spec->service->mounts;
	int n = 0;

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct runtime_mount *m = &spec->mounts[i];

		if (depth_of(m->target) != depth)
			continue;
		if (put_bind(mounts, m->target, m->source, "bind", m->is_read_only, err) < 0)
			return -1;
		n++;
	}
	for (size_t i = 0; i < all->n; i++) {
		const struct compose_mount *m = &all->items[i];

		if (depth_of(m->target) != depth)
			continue;
		if (m->kind == COMPOSE_TMPFS ? put_tmpfs(mounts, m, err) < 0
					     : put_bind(mounts, m->target, spec->sources[i],
						       "rbind", m->is_read_only, err) < 0)
			return -1;
		n++;
	}
	return n;
}

/* A parent comes before what is mounted below it, whatever the order in the file. */
int runtime_put_mounts(const struct runtime_spec *spec, json_t *root, struct err *err)
{
	json_t *mounts = runtime_list(root, "mounts", err);
	size_t left = spec->n_mounts + spec->service->mounts.n;

	if (!mounts)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (!is_covered(spec->service, usual[i].target) &&
			put_mount(mounts, usual[i].target, usual[i].type, usual[i].source,
				usual[i].options, err) < 0)
			return -1;
	for (size_t depth = 0; left; depth++) {
		int n = put_depth(spec, depth, mounts, err);
		if (n < 0)
			return -1;
		left -= (size_t)n;
	}
	return 0;
}
