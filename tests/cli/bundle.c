/* SPDX-License-Identifier: Apache-2.0 */
/* The config.json of the first service of a compose file: bundle COMPOSE IMAGE-CONFIG ROOTFS CGROUP
 * [SOCKETS [NETNS]]. A volume is a folder of its name in the working directory. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "oci/runtime_config.h"

#define MAX 16

static const char *sources[MAX];
static struct runtime_device devices[MAX];

static int find_devices(const struct service *s, struct err *err)
{
	for (size_t i = 0; i < s->devices.n && i < MAX; i++) {
		const struct compose_device *d = &s->devices.items[i];
		struct stat st;

		if (stat(d->source, &st) < 0)
			return err_errno(err, OTA_IO, "%s", d->source);
		devices[i] = (struct runtime_device){.path = d->target,
			.type = S_ISCHR(st.st_mode) ? 'c' : 'b',
			.major = major(st.st_rdev),
			.minor = minor(st.st_rdev),
			.mode = st.st_mode & 07777,
			.access = d->access};
	}
	return 0;
}

static void find_sources(const struct service *s)
{
	for (size_t i = 0; i < s->mounts.n && i < MAX; i++) {
		const struct compose_mount *m = &s->mounts.items[i];
		sources[i] = m->kind == COMPOSE_VOLUME ? realpath(m->source, NULL) : m->source;
	}
}

static int make(char **argv, struct runtime_spec *spec, struct arena *arena, struct buf *out,
	struct err *err)
{
	const struct service *s = spec->service;
	AUTO_BUF text = BUF(1 << 20);
	struct image_exec exec;
	struct oci_user user;
	AUTO_FD root_fd = open(argv[3], O_PATH | O_DIRECTORY);

	if (file_read(argv[2], &text, err) < 0 ||
		image_exec_parse(text.data, text.len, arena, &exec, err) < 0 ||
		oci_user_find(root_fd, s->user ? s->user : exec.user, &user, err) < 0 ||
		find_devices(s, err) < 0)
		return -1;
	find_sources(s);
	spec->exec = &exec;
	spec->user = &user;
	return runtime_config_make(spec, out, err);
}

int main(int argc, char **argv)
{
	struct compose_pair ours[] = {{"OTA_SERVICE", "web"}};
	const struct compose_pairs environment = {1, ours};
	struct runtime_spec spec = {.hostname = "web-a",
		.rootfs = argv[3],
		.cgroup = argv[4],
		.sources = sources,
		.devices = devices,
		.environment = &environment,
		.has_cgroup_namespace = access("/proc/self/ns/cgroup", F_OK) == 0,
		.has_swap_limit =
			access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) == 0};
	AUTO_BUF out = BUF(1 << 20);
	struct arena arena = {0};
	struct compose c;
	struct err err;

	if (argc < 5)
		return 2;
	spec.n_sockets = argc > 5 ? (size_t)atoi(argv[5]) : 0;
	spec.netns = argc > 6 ? argv[6] : NULL;
	int rc = compose_read(argv[1], "", "/none/store", &c, &err);
	if (rc == 0) {
		spec.service = c.services;
		rc = make(argv, &spec, &arena, &out, &err);
	}
	if (rc == 0)
		puts(out.data);
	else
		fprintf(stderr, "%s\n", err.msg);
	return rc ? code_exit_status(err.code) : 0;
}
