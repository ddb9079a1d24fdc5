/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/tree.h"
#include "oci/unpacker.h"

static int add_name(char out[PATH_MAX], size_t *len, const char *name, size_t n, struct err *err)
{
	if (n == 2 && name[0] == '.' && name[1] == '.')
		return err_set(err, OTA_CORRUPT, "a path leads upwards");
	if (n > NAME_MAX || *len + 1 + n >= PATH_MAX)
		return err_set(err, OTA_CORRUPT, "a path is too long");
	if (*len)
		out[(*len)++] = '/';
	memcpy(out + *len, name, n);
	*len += n;
	return 0;
}

int unpack_path_clean(const char *in, char out[PATH_MAX], struct err *err)
{
	size_t len = 0;
	unsigned depth = 0;

	while (*in) {
		size_t n = strcspn(in, "/");
		if (n && !(n == 1 && in[0] == '.')) {
			if (++depth > TREE_DEPTH_MAX)
				return err_set(err, OTA_CORRUPT, "it lies deeper than %d folders",
					TREE_DEPTH_MAX);
			if (add_name(out, &len, in, n, err) < 0)
				return -1;
		}
		in += n + (in[n] == '/');
	}
	out[len] = '\0';
	return 0;
}

/* A whiteout in the middle would be a folder of that name. */
static bool has_whiteout(const char *folder)
{
	for (const char *p = folder; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (whiteout_is_name(p))
			return true;
	}
	return false;
}

int unpack_path_split(
	const char *path, char folder[PATH_MAX], char name[NAME_MAX + 1], struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	memcpy(folder, path, len);
	folder[len] = '\0';
	strcpy(name, slash ? slash + 1 : path);
	if (has_whiteout(folder))
		return err_set(err, OTA_CORRUPT, "a whiteout is used as a folder");
	return 0;
}

int unpack_path_join(char out[PATH_MAX], const char *folder, const char *name, struct err *err)
{
	size_t len = strlen(folder), n = strlen(name);

	if (len + 1 + n >= PATH_MAX)
		return err_set(err, OTA_CORRUPT, "a path is too long");
	memcpy(out, folder, len);
	if (len)
		out[len++] = '/';
	memcpy(out + len, name, n + 1);
	return 0;
}
