/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/front.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

static const char *const places[] = {
	"/etc/ota/ota.conf", "/run/ota/ota.conf", "/usr/lib/ota/ota.conf"};

static int load(const char *path, const char *root, struct config *config, struct err *err)
{
	AUTO_BUF text = BUF(CONFIG_MAX_BYTES);
	/* an ota.conf may well be a symlink into a read-only image: file_read() takes no links */
	AUTO_FREE char *real = realpath(path, NULL);

	if (!real)
		return err_errno(err, OTA_CONFIG, "%s", path);
	if (file_read(real, &text, err) < 0) {
		err->code = OTA_CONFIG;
		return -1;
	}
	return config_parse(text.data ? text.data : "", text.len, path, root, config, err);
}

/* The first default that exists counts, also when it turns out to be wrong. */
static int find(const char *root, char path[PATH_MAX], struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (path_join(path, root, places[i], err) < 0)
			return -1;
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
			return 0;
	}
	err_set(err, OTA_CONFIG, "there is no ota.conf: looked for %s, %s and %s%s%s", places[0],
		places[1], places[2], *root ? " below " : "", root);
	return err_hint(err, "name one by --config FILE; ota.conf(5) has an example");
}

/* Without slashes at the end, since every path that follows begins with one. */
static int root_prefix(const char *root, char out[PATH_MAX], struct err *err)
{
	int len = snprintf(out, PATH_MAX, "%s", root ? root : "");

	if (len >= PATH_MAX)
		return err_set(err, OTA_USAGE, "--root: the path is too long");
	while (len && out[len - 1] == '/')
		out[--len] = '\0';
	return 0;
}

static const char *named_config(const struct front *front)
{
	const char *named = front->options.config;

	if (!named)
		named = getenv("OTA_CONFIG");
	return named && *named ? named : NULL;
}

bool front_has_config(const struct front *front)
{
	char root[PATH_MAX], path[PATH_MAX];
	struct err ignored;

	return named_config(front) || (root_prefix(front->options.root, root, &ignored) == 0 &&
					      find(root, path, &ignored) == 0);
}

const struct config *front_config(struct front *front, struct err *err)
{
	const char *named = named_config(front);
	char root[PATH_MAX], path[PATH_MAX];

	if (front->config_loaded)
		return &front->config;
	if (root_prefix(front->options.root, root, err) < 0)
		return NULL;
	if (!named) {
		if (find(root, path, err) < 0)
			return NULL;
		named = path;
	}
	if (load(named, root, &front->config, err) < 0)
		return NULL;
	front->config_loaded = true;
	snprintf(front->config_name, sizeof(front->config_name), "%s", named);
	return &front->config;
}

const struct config *front_host_config(struct front *front, struct err *err)
{
	const struct config *c = front_config(front, err);

	return c && config_check_host(c, front->config_name, err) == 0 ? c : NULL;
}

int front_path(const struct front *front, const char *path, char out[PATH_MAX], struct err *err)
{
	char root[PATH_MAX];

	return root_prefix(front->options.root, root, err) < 0 ? -1
							       : path_join(out, root, path, err);
}

const struct progress *front_progress(struct front *front)
{
	return progress_view_open(&front->view);
}

void front_free(struct front *front)
{
	if (front->config_loaded)
		config_free(&front->config);
}
