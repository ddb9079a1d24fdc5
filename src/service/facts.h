/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor needs to know of an image once its container runs. The child that starts the
 * container reads the image and leaves this in a file, so that the supervisor stays small.
 */
#ifndef OTA_SERVICE_FACTS_H
#define OTA_SERVICE_FACTS_H

#include "oci/image_exec.h"

#define FACTS_WORDS_MAX 32

struct facts {
	int stop_signal;
	struct compose_health health; /* the compose file's, or else the image's */
	struct arena arena;           /* owns its words */
};

/* From what both say. Errors: io, failed. */
int facts_write(const char *path, const struct service *service, const struct image_exec *exec,
	struct err *err) MUST_USE;

/* The caller frees. Errors: io, corrupt. */
int facts_read(const char *path, struct facts *facts, struct err *err) MUST_USE;
void facts_free(struct facts *facts);

#endif
