/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/container_check.h"

#include <stdio.h>

#include "cmd/command.h"
#include "cmd/output.h"

/* On the machine where the file is written there is no ota.conf, and the store is where it is on
 * most devices. */
static int read_file(struct front *front, const char *named, char path[PATH_MAX], struct compose *c,
	struct err *err)
{
	char root[PATH_MAX], store[PATH_MAX];
	const struct config *config = NULL;

	if (!named || front_has_config(front)) {
		config = front_config(front, err);
		if (!config)
			return -1;
	}
	if (front_path(front, "", root, err) < 0 ||
		front_path(front, CONFIG_DEFAULT_STORE, store, err) < 0)
		return -1;
	int len = snprintf(path, PATH_MAX, "%s", named ? named : config->container.compose);
	if (len >= PATH_MAX)
		return err_set(err, OTA_USAGE, "the path is too long");
	return compose_read(path, root, config ? config->device.store : store, c, err);
}

static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	AUTO_COMPOSE c = {0};
	char path[PATH_MAX];

	(void)args;
	if (read_file(front, argc ? argv[0] : NULL, path, &c, err) < 0)
		return -1;
	for (size_t i = 0; i < c.n; i++) {
		if (i)
			output_data(front, "%s", "");
		check_show(front, &c, &c.services[i]);
	}
	output_say(front, "%s: %zu service%s, no fault", path, c.n, c.n == 1 ? "" : "s");
	return output_json(front, check_json(&c, path, err), err);
}

const struct command cmd_container_check = {
	.name = "container-check",
	.synopsis = "[FILE]",
	.summary = "check the compose file, and tell how it is understood",
	.max_args = 1,
	.run = run,
};
