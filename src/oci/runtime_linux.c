/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/runtime_part.h"

static int put_namespace(json_t *list, const char *type, const char *path, struct err *err)
{
	json_t *namespace = json_make(err, "{s:s}", "type", type);

	if (json_append(list, namespace, err) < 0)
		return -1;
	return path ? json_set(namespace, "path", json_make(err, "s", path), err) : 0;
}

static bool has_network(const struct runtime_spec *spec)
{
	return spec->netns || spec->service->network != COMPOSE_NETWORK_HOST;
}

static int put_namespaces(const struct runtime_spec *spec, json_t *linux_part, struct err *err)
{
	static const char *const always[] = {"pid", "ipc", "uts", "mount"};
	json_t *list = runtime_list(linux_part, "namespaces", err);

	for (size_t i = 0; list && i < ARRAY_LEN(always); i++)
		if (put_namespace(list, always[i], NULL, err) < 0)
			return -1;
	if (!list || (spec->has_cgroup_namespace && put_namespace(list, "cgroup", NULL, err) < 0))
		return -1;
	return has_network(spec) ? put_namespace(list, "network", spec->netns, err) : 0;
}

/* In a network of its own a port below 1024 is no privilege, nor is a ping. */
static int put_sysctl(const struct runtime_spec *spec, json_t *linux_part, struct err *err)
{
	if (!has_network(spec))
		return 0;
	return json_set(linux_part, "sysctl",
		json_make(err, "{s:s, s:s}", "net.ipv4.ip_unprivileged_port_start", "0",
			"net.ipv4.ping_group_range", "0 2147483647"),
		err);
}

static int put_devices(const struct runtime_spec *spec, json_t *linux_part, struct err *err)
{
	json_t *list = runtime_list(linux_part, "devices", err);

	for (size_t i = 0; list && i < spec->service->devices.n; i++) {
		const struct runtime_device *d = &spec->devices[i];
		const char type[] = {d->type, '\0'};

		if (json_append(list,
			    json_make(err, "{s:s, s:s, s:I, s:I, s:i, s:I, s:I}", "path", d->path,
				    "type", type, "major", (long long)d->major, "minor",
				    (long long)d->minor, "fileMode", (int)d->mode, "uid",
				    (long long)d->uid, "gid", (long long)d->gid),
			    err) < 0)
			return -1;
	}
	return list ? 0 : -1;
}

/* What /proc and /sys tell or let do that no namespace covers, as the usual engines have it. */
static int put_paths(json_t *linux_part, struct err *err)
{
	static const char *const masked[] = {"/proc/acpi", "/proc/asound", "/proc/kcore",
		"/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
		"/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
		NULL};
	static const char *const read_only[] = {
		"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};

	if (runtime_put_texts(linux_part, "maskedPaths", masked, err) < 0)
		return -1;
	return runtime_put_texts(linux_part, "readonlyPaths", read_only, err);
}

int runtime_put_linux(const struct runtime_spec *spec, json_t *root, struct err *err)
{
	json_t *part = json_make(err, "{s:s}", "cgroupsPath", spec->cgroup);

	if (json_set(root, "linux", part, err) < 0 || put_namespaces(spec, part, err) < 0 ||
		put_sysctl(spec, part, err) < 0 || put_devices(spec, part, err) < 0 ||
		runtime_put_resources(spec, part, err) < 0 || put_paths(part, err) < 0)
		return -1;
	return runtime_put_seccomp(runtime_capabilities(spec->service), part, err);
}
