/* SPDX-License-Identifier: Apache-2.0 */
#include "service/start_child.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/nonblock.h"
#include "base/overlay.h"
#include "flow/images.h"
#include "oci/runtime_config.h"
#include "service/facts.h"

#define CONFIG_MAX (1u << 20)
#define HIGH_FD 64 /* above what is put in place below */
#define ENDED_WITH 1
#define OWN_MOUNTS_MAX 5

struct child {
	const struct start_spec *spec;
	struct arena arena;
	struct oci_image image;
	struct image_exec exec;
	struct oci_user user;
	struct buf config;
	char rootfs[PATH_MAX], upper[PATH_MAX], work[PATH_MAX];
	char lower[OCI_LAYERS_MAX][PATH_MAX];
};

static int read_image(struct child *c, struct err *err)
{
	const char *store = c->spec->place->store;
	struct layer_place place;

	if (images_read(store, c->spec->manifest, &c->image, &c->config, err) < 0 ||
		image_exec_parse(c->config.data, c->config.len, &c->arena, &c->exec, err) < 0)
		return -1;
	for (size_t i = 0; i < c->image.n_layers; i++) {
		if (layers_find(store, &c->image.layers[i], NULL, &place, err) < 0 ||
			path_join(c->lower[i], place.path, LAYER_DIFF, err) < 0)
			return -1;
		if (place.is_there)
			continue;
		err_set(err, OTA_CORRUPT, "the store lacks a layer of the image");
		return err_hint(err, "ota container verify --repair");
	}
	return 0;
}

/* Returns the opened root folder. */
static int mount_root(struct child *c, struct err *err)
{
	const struct start_spec *s = c->spec;
	struct overlay_spec o = {.at = c->rootfs, .upper = c->upper, .work = c->work};

	if (place_instance(s->place, s->letter, "rootfs", c->rootfs, err) < 0 ||
		place_written(s->place, s->letter, "upper", c->upper, err) < 0 ||
		place_written(s->place, s->letter, "work", c->work, err) < 0)
		return -1;
	for (size_t i = 0; i < c->image.n_layers; i++)
		o.lower[o.n_lower++] = c->lower[i];
	return overlay_mount(&o, err);
}

static bool can_limit_swap(void)
{
	static const char *const files[] = {"/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes",
		"/sys/fs/cgroup/*/memory.swap.max"};
	bool can = false;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		glob_t found;
		can |= glob(files[i], GLOB_NOSORT, NULL, &found) == 0;
		globfree(&found);
	}
	return can;
}

/* What of ours the container sees: the folder of readiness and locks by both of its names, or, in
 * an updater, what all services have in place of one of these; and whom to ask for names of hosts
 * where it shares the machine's network. */
static int own_mounts(
	struct child *c, struct runtime_mount mounts[OWN_MOUNTS_MAX], size_t *n, struct err *err)
{
	static const char *const files[] = {"/etc/resolv.conf", "/etc/hosts"};
	const struct start_spec *s = c->spec;
	char path[PATH_MAX];

	*n = 0;
	if (place_instance(s->place, s->letter, "in", path, err) < 0)
		return -1;
	const char *in = arena_copy(&c->arena, path, strlen(path), err);
	if (!in)
		return -1;
	const bool is_updater = s->plan->service->update.is_updater;
	mounts[(*n)++] =
		(struct runtime_mount){is_updater ? s->place->run : in, PLACE_INSIDE, false};
	mounts[(*n)++] = (struct runtime_mount){in, PLACE_INSIDE_TOO, false};
	if (is_updater)
		mounts[(*n)++] = (struct runtime_mount){s->place->store, s->store_inside, false};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (s->plan->service->network != COMPOSE_NETWORK_HOST || !realpath(files[i], path))
			continue;
		const char *real = arena_copy(&c->arena, path, strlen(path), err);
		if (!real)
			return -1;
		mounts[(*n)++] = (struct runtime_mount){real, files[i], true};
	}
	return 0;
}

static int write_bundle(struct child *c, struct err *err)
{
	char where[64];
	struct compose_pair notify[] = {{"NOTIFY_SOCKET", where}};
	const struct compose_pairs environment = {ARRAY_LEN(notify), notify};
	const struct start_spec *s = c->spec;
	const struct service *service = s->plan->service;
	char netns[64], cgroup[PLACE_ID_LEN + 16], path[PATH_MAX];
	struct runtime_mount mounts[OWN_MOUNTS_MAX];
	struct runtime_spec r = {.service = service,
		.exec = &c->exec,
		.user = &c->user,
		.hostname = s->place->name,
		.rootfs = c->rootfs,
		.cgroup = cgroup,
		.netns = s->netns < 0 ? NULL : netns,
		.mounts = mounts,
		.n_sockets = sockets_passed(s->sockets),
		.environment = service->update.ready == COMPOSE_READY_NOTIFY ? &environment : NULL,
		.has_cgroup_namespace = access("/proc/self/ns/cgroup", F_OK) == 0,
		.has_swap_limit = can_limit_swap()};
	AUTO_BUF text = BUF(CONFIG_MAX);

	snprintf(where, sizeof(where), "%s/notify", start_inside(service));
	snprintf(cgroup, sizeof(cgroup), "/ota/%s-%c", s->place->name, s->letter);
	snprintf(netns, sizeof(netns), "/proc/%d/fd/%d", getppid(), s->netns);
	if (start_sources(s, &c->arena, &r.sources, err) < 0 ||
		start_devices(s, &c->arena, &r.devices, err) < 0 ||
		own_mounts(c, mounts, &r.n_mounts, err) < 0 ||
		runtime_config_make(&r, &text, err) < 0 ||
		place_instance(s->place, s->letter, "bundle/config.json", path, err) < 0 ||
		file_publish(path, text.data, text.len, 0600, err) < 0 ||
		place_instance(s->place, s->letter, "facts", path, err) < 0)
		return -1;
	return facts_write(path, service, &c->exec, err);
}

static int prepare(struct child *c, struct err *err)
{
	const char *user = c->spec->plan->service->user;

	if (read_image(c, err) < 0)
		return -1;
	AUTO_FD root = mount_root(c, err);
	if (root < 0 || oci_user_find(root, user ? user : c->exec.user, &c->user, err) < 0)
		return -1;
	return write_bundle(c, err);
}

/* The container's own sockets from 3 on, in their order. They are brought out of the way first. */
static int place_sockets(const struct sockets *s, struct err *err)
{
	int high[SOCKETS_MAX], n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].is_passed) {
			high[n] = fcntl(s->items[i].fd, F_DUPFD_CLOEXEC, HIGH_FD + SOCKETS_MAX);
			if (high[n++] < 0)
				return err_errno(err, OTA_FAILED, "pass on a socket");
		}
	for (int i = 0; i < n; i++)
		if (dup2(high[i], 3 + i) < 0)
			return err_errno(err, OTA_FAILED, "pass on a socket");
	/* runc would make them block for the version that runs beside; a kernel without filters has
	 * to live with that */
	if (n > 0 && nonblock_keep(3, n, err) < 0 && err->code != OTA_INCOMPATIBLE)
		return -1;
	return 0;
}

static int become(struct child *c, struct err *err)
{
	const struct start_spec *s = c->spec;
	char log[PATH_MAX], bundle[PATH_MAX], pid[PATH_MAX], id[PLACE_ID_LEN], n[16];
	const char *const words[] = {"--log", log, "--log-format", "json", "run", "--detach",
		"--preserve-fds", n, "--pid-file", pid, "--bundle", bundle, id, NULL};
	const char *argv[RUNTIME_ARGS_MAX];

	if (prepare(c, err) < 0 || place_instance(s->place, s->letter, "log", log, err) < 0 ||
		place_instance(s->place, s->letter, "bundle", bundle, err) < 0 ||
		place_instance(s->place, s->letter, "pid", pid, err) < 0)
		return -1;
	place_id(s->place, s->letter, id);
	snprintf(n, sizeof(n), "%zu", sockets_passed(s->sockets));
	runtime_words(s->runtime, words, argv);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(s->out, STDOUT_FILENO) < 0 ||
		dup2(s->errors, STDERR_FILENO) < 0)
		return err_errno(err, OTA_FAILED, "its input and output");
	if (place_sockets(s->sockets, err) < 0)
		return -1;
	/* LISTEN_FDS of our own would be taken for the container's */
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("NOTIFY_SOCKET");
	execv(argv[0], (char *const *)argv);
	return err_errno(err, OTA_FAILED, "%s", argv[0]);
}

int start_become(const struct start_spec *spec)
{
	struct child *c = calloc(1, sizeof(*c));
	struct err err, ignored;
	char path[PATH_MAX];

	if (!c)
		return ENDED_WITH;
	c->spec = spec;
	c->config = (struct buf)BUF(JSON_MAX_BYTES);
	/* without the note, that it failed is all that is known */
	if (become(c, &err) < 0 &&
		place_instance(spec->place, spec->letter, "why", path, &ignored) == 0 &&
		file_publish(path, err.msg, strlen(err.msg), 0600, &ignored) < 0)
		return ENDED_WITH;
	return ENDED_WITH;
}
