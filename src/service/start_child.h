/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child that becomes the runtime.
 */
#ifndef OTA_SERVICE_START_CHILD_H
#define OTA_SERVICE_START_CHILD_H

#include "service/start.h"

/* What of the machine a container gets to see: a path for each of the service's mounts, NULL for a
 * tmpfs, followed through links and checked to be neither the machine's root nor our store. Makes
 * the folders of volumes. The list and the paths are the arena's. Errors: config (with the line in
 * the compose file), io. */
int start_sources(const struct start_spec *spec, struct arena *arena, const char *const **sources,
	struct err *err) MUST_USE;

/* The same for its devices. */
struct runtime_device;
int start_devices(const struct start_spec *spec, struct arena *arena,
	const struct runtime_device **devices, struct err *err) MUST_USE;

/* The whole life of the child: returns only where it failed, with the exit status. */
int start_become(const struct start_spec *spec);

#endif
