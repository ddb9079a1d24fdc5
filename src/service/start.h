/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an image in the store to a container that runs: in a child of the supervisor, which ends as
 * the runtime's `run --detach`. Its mounts are its own, and go with the container.
 */
#ifndef OTA_SERVICE_START_H
#define OTA_SERVICE_START_H

#include <sys/types.h>

#include "oci/runtime.h"
#include "service/place.h"
#include "service/plan.h"
#include "service/sockets.h"

struct start_spec {
	const struct service_place *place;
	const struct runtime *runtime;
	const struct plan *plan;
	const struct descriptor *manifest;
	char letter;
	const struct sockets *sockets;
	int out, errors;          /* where the container's output goes */
	int netns;                /* a network namespace to join; -1: as the plan says */
	const char *store_inside; /* where an updater sees the store */
};

/* What a container of this service reaches its own folder by. */
const char *start_inside(const struct service *service);

/* Prepares the folders and forks. The supervisor waits for the child: where it ends with 0, the
 * container runs, `pid` has its number and `facts` what its image says; else start_complaint() has
 * the reason. Errors: io, failed. */
pid_t start_container(const struct start_spec *spec, struct err *err) MUST_USE;

/* Why it did not start. */
void start_complaint(const struct service_place *place, char letter, struct err *err);

/* The number of the container's first process. Errors: io, corrupt. */
int start_read_pid(
	const struct service_place *place, char letter, pid_t *pid, struct err *err) MUST_USE;

/* Removes what a container leaves: itself, its mounts' folders, what it wrote. Errors: failed, io.
 */
int start_clean(const struct service_place *place, const struct runtime *runtime, char letter,
	struct err *err) MUST_USE;

#endif
