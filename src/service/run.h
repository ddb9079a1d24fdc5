/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervises one service: the process that the init system starts. It keeps the container of the
 * current version running, holds its sockets, and moves it to another version when a command asks.
 */
#ifndef OTA_SERVICE_RUN_H
#define OTA_SERVICE_RUN_H

#include "base/err.h"

struct service_spec {
	const char *name;           /* of the service */
	const char *compose, *root; /* the file, and what goes before its absolute paths */
	const char *store, *run;    /* absolute */
	const char *store_inside;   /* where an updater sees the store */
	const char *runtime;        /* "auto", "runc", "crun" */
	void (*say)(void *ctx, const char *text); /* what happens, for people */
	void *ctx;
};

/* Returns once the service has ended for good: by a signal, by `stop`, or where its restart policy
 * has it so; *status is then that of its container,
 * and 0 where it was told to end. SIGHUP has it replaced by the program that is
 * now where it was started from, the container running on. Errors: busy (another supervises it),
 * config, usage, nothing (there is no image), incompatible (no runtime), io, failed. */
int service_run(const struct service_spec *spec, int *status, struct err *err) MUST_USE;

#endif
