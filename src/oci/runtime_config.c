/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/runtime_config.h"

#include "oci/runtime_part.h"

json_t *runtime_list(json_t *object, const char *name, struct err *err)
{
	json_t *list = json_make(err, "[]");

	return json_set(object, name, list, err) < 0 ? NULL : list;
}

json_t *runtime_object(json_t *object, const char *name, struct err *err)
{
	json_t *made = json_make(err, "{}");

	return json_set(object, name, made, err) < 0 ? NULL : made;
}

int runtime_put_texts(json_t *object, const char *name, const char *const *texts, struct err *err)
{
	json_t *list = runtime_list(object, name, err);

	for (; list && *texts; texts++)
		if (json_append(list, json_make(err, "s", *texts), err) < 0)
			return -1;
	return list ? 0 : -1;
}

int runtime_config_make(const struct runtime_spec *spec, struct buf *out, struct err *err)
{
	AUTO_JSON *root = json_make(err, "{s:s, s:s, s:{s:s, s:b}}", "ociVersion", "1.0.2",
		"hostname", spec->hostname, "root", "path", spec->rootfs, "readonly",
		(int)spec->service->is_read_only);

	if (!root || runtime_put_process(spec, root, err) < 0 ||
		runtime_put_mounts(spec, root, err) < 0 || runtime_put_linux(spec, root, err) < 0)
		return -1;
	return json_write(root, out, err);
}
