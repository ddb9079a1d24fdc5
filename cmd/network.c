/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Where `docker login` leaves credentials; a file that is not there is no error, as it would be for
 * one that ota.conf names. */
static const char *user_auth_file(char path[PATH_MAX])
{
	const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
	int len = 0;

	if (dir && *dir)
		len = snprintf(path, PATH_MAX, "%s/config.json", dir);
	else if (home && *home)
		len = snprintf(path, PATH_MAX, "%s/.docker/config.json", home);
	return len > 0 && len < PATH_MAX && access(path, F_OK) == 0 ? path : NULL;
}

int network_read(struct front *front, struct network *n, struct err *err)
{
	const struct config *c = front_config(front, err);

	if (!c)
		return -1;
	n->options = (struct source_options){
		.http = {.ca_file = c->network.ca_file,
			.client_cert = c->network.client_cert,
			.client_key = c->network.client_key,
			.proxy = c->network.proxy,
			.limit_rate = c->network.limit_rate,
			.insecure_http = c->network.insecure_http.items,
			.n_insecure_http = c->network.insecure_http.count,
			.retry_wait_ms = c->network.retry_wait_ms,
			.stall_time_ms = c->network.stall_time_ms,
			.max_time_ms = c->network.max_time_ms},
		.auth_file =
			c->network.auth_file ? c->network.auth_file : user_auth_file(n->auth_file),
	};
	return 0;
}

int network_read_if_any(struct front *front, struct network *n, struct err *err)
{
	struct err none;

	if (front->options.config || front_config(front, &none))
		return network_read(front, n, err);
	n->options = (struct source_options){.auth_file = user_auth_file(n->auth_file)};
	return 0;
}
