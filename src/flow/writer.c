/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/writer.h"

#include "base/file.h"
#include "base/lock.h"

int writer_open_dir(struct layout_writer *w, const char *dir, const char *who, struct err *err)
{
	char path[PATH_MAX];

	if (dir_make(dir, err) < 0 || path_join(path, dir, "lock", err) < 0)
		return -1;
	w->lock_fd = lock_take(path, who, 0, err);
	return w->lock_fd < 0 ? -1 : layout_create(dir, err);
}

int writer_open(struct layout_writer *w, const char *text, const char *who, struct err *err)
{
	if (layout_split(text, w->dir, w->tag, err) < 0)
		return -1;
	return writer_open_dir(w, w->dir, who, err);
}
