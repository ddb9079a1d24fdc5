/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/layer_split.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "flow/layers.h"

static int open_folder(const char *path, const char *name, struct err *err)
{
	char dir[PATH_MAX];

	if (path_join(dir, path, name, err) < 0)
		return -1;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		return fd;
	return errno == ENOENT ? err_set(err, OTA_CORRUPT, "%s is missing", dir)
			       : err_errno(err, OTA_IO, "%s", dir);
}

int layer_split_open(struct layer_split *l, const char *path, const char *name, struct err *err)
{
	l->tree_fd = open_folder(path, LAYER_DIFF, err);
	if (l->tree_fd < 0)
		return -1;
	l->split_fd = open_folder(path, LAYER_SPLIT, err);
	l->is_missing = l->split_fd < 0 && err->code == OTA_CORRUPT;
	if (l->split_fd < 0)
		return -1;
	l->split = split_open(l->split_fd, l->tree_fd, name, err);
	return l->split ? 0 : -1;
}

void layer_split_close(struct layer_split *l)
{
	cleanup_split(&l->split);
	cleanup_fd(&l->tree_fd);
	cleanup_fd(&l->split_fd);
}
