/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a service's things are while it runs. All of it is gone after a restart of the machine:
 *
 *   RUN/services/NAME/lock      held by its supervisor
 *   RUN/services/NAME/control   the socket that `ota container handover` and `stop` talk to
 *   RUN/services/NAME/state     what it does, see state.h
 *   RUN/services/NAME/a, b      one container each, since two run at once during a handover:
 *     in/                       what the container sees, see PLACE_INSIDE
 *     bundle/, rootfs/          for the runtime
 *   RUN/runtime/                the runtime's own
 *
 * and STORE/apps/NAME/a, b, what a container writes beside its volumes: it goes with the container.
 */
#ifndef OTA_SERVICE_PLACE_H
#define OTA_SERVICE_PLACE_H

#include <limits.h>

#include "base/err.h"

#define PLACE_ID_LEN 128

/* What a container sees its folder `in` as. An updater sees RUN by the first of these names. */
#define PLACE_INSIDE "/run/ota"
#define PLACE_INSIDE_TOO "/tmp/balena"

struct service_place {
	const char *run;   /* /run/ota */
	const char *store; /* absolute */
	const char *name;  /* the service's, as compose.h lets it be */
};

/* RUN/services/NAME, or `file` in it. Errors: usage (too long). */
int place_path(const struct service_place *p, const char *file, char path[PATH_MAX],
	struct err *err) MUST_USE;

/* RUN/services/NAME/LETTER/FILE; file "" is the folder. Errors: usage. */
int place_instance(const struct service_place *p, char letter, const char *file,
	char path[PATH_MAX], struct err *err) MUST_USE;

/* STORE/apps/NAME/LETTER/FILE, the same way. Errors: usage. */
int place_written(const struct service_place *p, char letter, const char *file, char path[PATH_MAX],
	struct err *err) MUST_USE;

/* What the runtime calls the container. */
void place_id(const struct service_place *p, char letter, char id[PLACE_ID_LEN]);

/* Makes RUN/services/NAME, which only root may enter. Errors: io. */
int place_make(const struct service_place *p, struct err *err) MUST_USE;

#endif
