/* SPDX-License-Identifier: Apache-2.0 */
#include "service/place.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "flow/app.h"

int place_path(
	const struct service_place *p, const char *file, char path[PATH_MAX], struct err *err)
{
	if (snprintf(path, PATH_MAX, "%s/services/%s%s%s", p->run, p->name, *file ? "/" : "",
		    file) >= PATH_MAX)
		return err_set(err, OTA_USAGE, "%s: the path is too long", p->run);
	return 0;
}

static int add_letter(char path[PATH_MAX], char letter, const char *file, struct err *err)
{
	char dir[PATH_MAX], name[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	if (snprintf(name, sizeof(name), "%c%s%s", letter, *file ? "/" : "", file) >= PATH_MAX)
		return err_set(err, OTA_USAGE, "%s: the path is too long", file);
	return path_join(path, dir, name, err);
}

int place_instance(const struct service_place *p, char letter, const char *file,
	char path[PATH_MAX], struct err *err)
{
	return place_path(p, "", path, err) < 0 ? -1 : add_letter(path, letter, file, err);
}

int place_written(const struct service_place *p, char letter, const char *file, char path[PATH_MAX],
	struct err *err)
{
	return app_dir(p->store, p->name, path, err) < 0 ? -1 : add_letter(path, letter, file, err);
}

void place_id(const struct service_place *p, char letter, char id[PLACE_ID_LEN])
{
	snprintf(id, PLACE_ID_LEN, "ota-%.100s-%c", p->name, letter);
}

int place_make(const struct service_place *p, struct err *err)
{
	char path[PATH_MAX], services[PATH_MAX];

	if (place_path(p, "", path, err) < 0 || dir_make(path, err) < 0 ||
		path_join(services, p->run, "services", err) < 0)
		return -1;
	return chmod(services, 0700) < 0 ? err_errno(err, OTA_IO, "%s", services) : 0;
}
