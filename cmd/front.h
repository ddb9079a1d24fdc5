/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command may need from the front: the global options, ota.conf once it is asked for,
 * and where to print. main owns the one front; commands borrow it.
 */
#ifndef OTA_CMD_FRONT_H
#define OTA_CMD_FRONT_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "cmd/config.h"
#include "cmd/progress.h"

struct global_options {
	const char *config; /* NULL: search */
	const char *root;   /* NULL: none */
	const char *progress;
	bool json, quiet, verbose;
	bool help, version;
};

struct front {
	struct global_options options;
	const char *command; /* for messages; NULL before there is one */
	int status;          /* a command's own exit status, where it hands one on (lock) */
	bool config_loaded;
	char config_name[PATH_MAX]; /* the file */
	struct config config;
	struct progress_view view;
};

/* ota.conf, read at the first call; NULL on failure. The front owns it. Errors: config, io. */
const struct config *front_config(struct front *front, struct err *err) MUST_USE;

/* Is there an ota.conf, or one named? It may still be wrong. */
bool front_has_config(const struct front *front);

/* The same for updates of the host, which need more of it. */
const struct config *front_host_config(struct front *front, struct err *err) MUST_USE;

/* A path of this machine with the --root prefix. Errors: usage (too long). */
int front_path(
	const struct front *front, const char *path, char out[PATH_MAX], struct err *err) MUST_USE;

/* What a flow takes as its progress; NULL where --progress or -q asks for silence. */
const struct progress *front_progress(struct front *front);

void front_free(struct front *front);

#endif
