/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/runtime_part.h"

#define MAX_PIDS 1024 /* forks without an end must not take the machine */
#define CPU_PERIOD_US 100000
#define MIN_QUOTA_US 1000 /* the kernel's */

/* Swap counts into the limit, so that what is past it can not just go there. */
static int put_memory(const struct runtime_spec *spec, json_t *resources, struct err *err)
{
	long long bytes = (long long)spec->service->memory_bytes;

	if (!bytes)
		return 0;
	json_t *memory = json_make(err, "{s:I}", "limit", bytes);
	if (json_set(resources, "memory", memory, err) < 0)
		return -1;
	return spec->has_swap_limit ? json_set(memory, "swap", json_make(err, "I", bytes), err) : 0;
}

static int put_cpu(const struct service *s, json_t *resources, struct err *err)
{
	long long quota = (long long)s->cpu_milli * (CPU_PERIOD_US / 1000);

	if (!quota)
		return 0;
	return json_set(resources, "cpu",
		json_make(err, "{s:I, s:I}", "quota", quota < MIN_QUOTA_US ? MIN_QUOTA_US : quota,
			"period", (long long)CPU_PERIOD_US),
		err);
}

/* The runtimes add what every container may use, such as null and tty. */
static int put_rules(const struct runtime_spec *spec, json_t *resources, struct err *err)
{
	json_t *rules = runtime_list(resources, "devices", err);

	if (!rules || json_append(rules, json_make(err, "{s:b, s:s}", "allow", 0, "access", "rwm"),
			      err) < 0)
		return -1;
	for (size_t i = 0; i < spec->service->devices.n; i++) {
		const struct runtime_device *d = &spec->devices[i];
		const char type[] = {d->type, '\0'};

		if (json_append(rules,
			    json_make(err, "{s:b, s:s, s:I, s:I, s:s}", "allow", 1, "type", type,
				    "major", (long long)d->major, "minor", (long long)d->minor,
				    "access", d->access),
			    err) < 0)
			return -1;
	}
	return 0;
}

int runtime_put_resources(const struct runtime_spec *spec, json_t *parent, struct err *err)
{
	json_t *resources = runtime_object(parent, "resources", err);

	if (!resources || put_rules(spec, resources, err) < 0 ||
		put_memory(spec, resources, err) < 0 || put_cpu(spec->service, resources, err) < 0)
		return -1;
	return json_set(
		resources, "pids", json_make(err, "{s:I}", "limit", (long long)MAX_PIDS), err);
}
