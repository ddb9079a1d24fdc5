/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "base/tree.h"
#include "oci/unpacker.h"

/* A file of this layer goes, maybe one in a folder: what was told of its content is void. */
static int note_replaced(struct unpacker *u, const struct place *place, struct err *err)
{
	char path[PATH_MAX];

	if (unpack_path_join(path, place->folder, place->name, err) < 0)
		return -1;
	if (!u->merged || unpack_place_is_own(u, path))
		u->result->replaced = true;
	return 0;
}

int unpack_clear(struct unpacker *u, const struct place *place, bool for_folder, bool *hides,
	struct err *err)
{
	struct stat st;

	*hides = false;
	if (fstatat(place->fd, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_errno(err, OTA_IO, "%.200s", place->name);
	if (S_ISDIR(st.st_mode) && for_folder)
		return 0;
	if ((S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) && note_replaced(u, place, err) < 0)
		return -1;
	*hides = !S_ISDIR(st.st_mode);
	return tree_remove_at(place->fd, place->name, err);
}
