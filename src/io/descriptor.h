/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI content descriptor: what a blob is, its digest, its size in bytes.
 */
#ifndef OTA_IO_DESCRIPTOR_H
#define OTA_IO_DESCRIPTOR_H

#include <stdint.h>

#include "io/digest.h"
#include "io/json.h"

#define MEDIA_TYPE_LEN 128
#define MEDIA_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_TYPE_IMAGE_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_TYPE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

struct descriptor {
	char media_type[MEDIA_TYPE_LEN];
	struct digest digest;
	uint64_t size;
};

/* Is it an image manifest, or an index of them, in the words of OCI or of Docker? */
bool descriptor_is_manifest(const struct descriptor *d);
bool descriptor_is_index(const struct descriptor *d);

/* Reads one from signed data: these three fields and no other. Errors: corrupt. */
int descriptor_read(
	const json_t *object, struct descriptor *d, const char *what, struct err *err) MUST_USE;

/* Reads one from unsigned data, where others may stand beside. */
int descriptor_read_open(
	const json_t *object, struct descriptor *d, const char *what, struct err *err) MUST_USE;

/* The three fields as a new object. Errors: failed. */
json_t *descriptor_json(const struct descriptor *d, struct err *err) MUST_USE;

#endif
