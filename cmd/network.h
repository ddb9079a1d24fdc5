/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From [network] of ota.conf, and the user's own files, to what opening a source takes.
 */
#ifndef OTA_CMD_NETWORK_H
#define OTA_CMD_NETWORK_H

#include <limits.h>

#include "cmd/front.h"
#include "io/source.h"

struct network {
	struct source_options options; /* borrows from the configuration and from the path below */
	char auth_file[PATH_MAX];
};

/* Errors: config, io. */
int network_read(struct front *front, struct network *n, struct err *err) MUST_USE;

/* The same for the build machine, which has no ota.conf and needs none; where one is, its network
 * counts. One that was named must be there. */
int network_read_if_any(struct front *front, struct network *n, struct err *err) MUST_USE;

#endif
