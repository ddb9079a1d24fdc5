/* SPDX-License-Identifier: Apache-2.0 */
#include "service/start.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/tree.h"
#include "service/start_child.h"

#define IN_MODE 01777 /* of the folder that the container sees: whoever it runs as */

static int make_folder(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, 0700) < 0 || chmod(path, mode) < 0)
		return err_errno(err, OTA_IO, "%s", path);
	return 0;
}

static int prepare(const struct start_spec *spec, struct err *err)
{
	static const char *const folders[] = {"", "in", "bundle", "rootfs"};
	static const char *const written[] = {"", "upper", "work"};
	char path[PATH_MAX];

	if (app_dir(spec->place->store, spec->place->name, path, err) < 0 ||
		dir_make(path, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (place_instance(spec->place, spec->letter, folders[i], path, err) < 0 ||
			make_folder(path, i == 1 ? IN_MODE : 0700, err) < 0)
			return -1;
	/* the container's root folder is as `upper` is */
	for (size_t i = 0; i < ARRAY_LEN(written); i++)
		if (place_written(spec->place, spec->letter, written[i], path, err) < 0 ||
			make_folder(path, i == 1 ? 0755 : 0700, err) < 0)
			return -1;
	return 0;
}

const char *start_inside(const struct service *service)
{
	return service->update.is_updater ? PLACE_INSIDE_TOO : PLACE_INSIDE;
}

static int live(void *ctx)
{
	return start_become(ctx);
}

pid_t start_container(const struct start_spec *spec, struct err *err)
{
	struct start_spec own = *spec;
	int keep[SOCKETS_MAX + 2];
	size_t n = 0;

	if (prepare(spec, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->sockets->n; i++)
		keep[n++] = spec->sockets->items[i].fd;
	keep[n++] = spec->out;
	keep[n++] = spec->errors;
	return child_start(keep, n, live, &own, err);
}

int start_read_pid(const struct service_place *place, char letter, pid_t *pid, struct err *err)
{
	AUTO_BUF text = BUF(64);
	char path[PATH_MAX];

	if (place_instance(place, letter, "pid", path, err) < 0 || file_read(path, &text, err) < 0)
		return -1;
	*pid = text.len ? atoi(text.data) : 0;
	return *pid > 1 ? 0 : err_set(err, OTA_CORRUPT, "%s has no number", path);
}

void start_complaint(const struct service_place *place, char letter, struct err *err)
{
	AUTO_BUF text = BUF(sizeof(err->msg));
	char path[PATH_MAX], said[512] = "";
	struct err ignored;

	if (place_instance(place, letter, "why", path, &ignored) == 0 &&
		file_read(path, &text, &ignored) == 0 && text.len)
		snprintf(said, sizeof(said), "%s", text.data);
	else if (place_instance(place, letter, "log", path, &ignored) == 0)
		runtime_complaint(path, said, sizeof(said));
	err_set(err, OTA_UNHEALTHY, "it could not be started: %s",
		*said ? said : "the runtime does not say why");
}

int start_clean(const struct service_place *place, const struct runtime *runtime, char letter,
	struct err *err)
{
	char path[PATH_MAX], id[PLACE_ID_LEN];

	place_id(place, letter, id);
	if (runtime_delete(runtime, id, err) < 0 ||
		place_instance(place, letter, "", path, err) < 0 || tree_discard(path, err) < 0)
		return -1;
	if (place_written(place, letter, "", path, err) < 0)
		return -1;
	return tree_discard(path, err);
}
