/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What inspect tells of a container image.
 */
#ifndef OTA_CMD_INSPECT_IMAGE_H
#define OTA_CMD_INSPECT_IMAGE_H

#include "cmd/front.h"
#include "flow/inspect_image.h"

/* keyring NULL: nobody is named. Errors: those of inspect_image(). */
int image_inspect(struct front *front, struct source *source, const struct keyring *keyring,
	struct err *err) MUST_USE;

#endif
