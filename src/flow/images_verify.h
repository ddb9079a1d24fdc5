/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are the images in the store what they were? Each layer's tar stream is read again out of its
 * tree, and held against its diffID.
 */
#ifndef OTA_FLOW_IMAGES_VERIFY_H
#define OTA_FLOW_IMAGES_VERIFY_H

#include "flow/images.h"
#include "io/progress.h"

struct verify_spec {
	const char *store, *boot_id;
	bool repair; /* bring what is damaged again, and only that, from where the image came */
	const struct source_options *options;
	/* Called for each fault: what is wrong, and whether it is mended. */
	void (*found)(void *ctx, const char *image, const struct err *fault, bool mended);
	void *ctx;
};

struct verify_result {
	size_t n_images, n_layers, n_faults, n_mended;
	size_t n_unproved; /* layers whose stream cannot be had again: they replace their own files
			    */
};

/* Errors: corrupt (something is damaged, and was not mended), busy, io, interrupted, and those of
 * the sources with `repair`. */
int images_verify(const struct verify_spec *spec, const struct progress *progress,
	struct verify_result *result, struct err *err) MUST_USE;

#endif
