/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "oci/compose_reader.h"

/* Where a path leads, or will once it is there, by the working directory. */
static int absolute(const char *path, char out[PATH_MAX], struct err *err)
{
	char here[PATH_MAX];

	if (realpath(path, out))
		return 0;
	if (*path == '/')
		return path_join(out, "", path, err);
	if (!getcwd(here, sizeof(here)))
		return err_errno(err, OTA_CONFIG, "the working directory");
	return path_join(out, here, path, err);
}

int compose_load(const char *path, struct buf *text, struct err *err)
{
	/* file_read() takes no links, but a file of settings may be one */
	AUTO_FREE char *real = realpath(path, NULL);

	if (!real)
		return err_errno(err, OTA_CONFIG, "%s", path);
	if (file_read(real, text, err) == 0)
		return 0;
	err->code = OTA_CONFIG;
	return -1;
}

static int folder_of(const char *path, char out[PATH_MAX], struct err *err)
{
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 0;
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%.*s", slash ? len + !len : 1, slash ? path : ".");
	return absolute(dir, out, err);
}

int compose_read(
	const char *path, const char *root, const char *store, struct compose *c, struct err *err)
{
	char dir[PATH_MAX], root_path[PATH_MAX] = "", store_path[PATH_MAX];
	AUTO_BUF text = BUF(YAML_MAX_BYTES);

	*c = (struct compose){0};
	if (compose_load(path, &text, err) < 0)
		return -1;
	if (folder_of(path, dir, err) < 0 || absolute(store, store_path, err) < 0 ||
		(*root && absolute(root, root_path, err) < 0)) {
		err->code = OTA_CONFIG;
		return -1;
	}
	/* then nothing stands before a path */
	if (!strcmp(root_path, "/"))
		*root_path = '\0';
	const struct compose_place place = {
		.file = path, .dir = dir, .root = root_path, .store = store_path};
	return compose_parse(text.data ? text.data : "", text.len, &place, c, err);
}
