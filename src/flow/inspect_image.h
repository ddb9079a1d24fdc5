/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a container image, who signed it, is it sound: every byte of its layers and deltas is
 * read and checked.
 */
#ifndef OTA_FLOW_INSPECT_IMAGE_H
#define OTA_FLOW_INSPECT_IMAGE_H

#include "flow/deltas.h"
#include "flow/image_load.h"
#include "io/progress.h"

struct image_inspection {
	struct loaded_image l; /* freed by the caller, also after a failure */
	uint64_t raw_bytes[OCI_LAYERS_MAX];
	struct delta_list deltas;
};

/* keyring NULL: nobody is trusted, so that l.signers stays 0. Errors: corrupt, incompatible, the
 * source's. */
int inspect_image(struct source *source, const struct keyring *keyring,
	const struct progress *progress, struct image_inspection *result, struct err *err) MUST_USE;

#endif
