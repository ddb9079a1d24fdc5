/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story of a container image on its way into the store: its layers stream from the source
 * through hash, decoding and hash again into trees, each once, whoever shares it; one sync makes
 * all of them durable before any gets its name, and the image its own last.
 */
#ifndef OTA_FLOW_PULL_H
#define OTA_FLOW_PULL_H

#include "io/progress.h"
#include "io/layout.h"
#include "io/source.h"
#include "oci/image.h"
#include "oci/unpack.h"

struct pull_spec {
	const char *store, *boot_id;
	const char *trust; /* the folder of keys */
	unsigned signers;
	bool allow_unsigned;
	uint64_t budget;  /* the most bytes to take from the network; 0: any */
	const char *name; /* what the image goes by in the store; NULL: as its source calls it */
	const char *from; /* the text that the source was opened by */
};

struct pull_result {
	char name[TAG_LEN];
	struct descriptor manifest;
	struct oci_image image;
	bool already;         /* all of it was there */
	size_t n_brought;     /* layers that were not */
	uint64_t moved_bytes; /* of layers and deltas, in this run */
	char base[TAG_LEN];   /* the image that a delta started from; "": none */
	uint64_t raw_bytes;   /* of the tar streams of all layers */
	uint32_t signers;     /* one bit for each key that signed */
};

/* Errors: busy, untrusted, incompatible (another platform, no image), corrupt, space, io,
 * interrupted, usage (a name that does not fit), the source's. A failure leaves the image that had
 * the name as it was; the layers that were whole need not come again until the machine restarts. */
int pull_image(const struct pull_spec *spec, struct source *source, const struct progress *progress,
	struct pull_result *result, struct err *err) MUST_USE;

#endif
