/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container image says of itself: an image manifest and its config, in the words of OCI or
 * of Docker (version 2, schema 2). Others write and extend these, so that fields that are not known
 * are passed over; what is used is checked. Parsed once the digest is known to be the right one.
 * Pure.
 */
#ifndef OTA_OCI_IMAGE_H
#define OTA_OCI_IMAGE_H

#include "io/coding.h"
#include "io/descriptor.h"

#define OCI_LAYERS_MAX 127 /* as other engines have it; overlay takes more */
#define OCI_WORD_LEN 32

struct oci_layer {
	struct descriptor blob;
	enum coding coding;
	struct digest diff_id;  /* of its tar stream */
	struct digest chain_id; /* of it and all below, by the image specification */
};

struct oci_image {
	struct descriptor config;
	char os[OCI_WORD_LEN], architecture[OCI_WORD_LEN], variant[OCI_WORD_LEN];
	size_t n_layers;
	struct oci_layer layers[OCI_LAYERS_MAX]; /* the lowest first */
};

/* The manifest gives config, blobs and codings; the config, parsed second, the rest, and must fit.
 * Errors: corrupt, incompatible (an artifact that is no image, or a kind of layer that is not
 * known). */
int oci_image_parse_manifest(
	const char *text, size_t len, struct oci_image *image, struct err *err) MUST_USE;
int oci_image_parse_config(
	const char *text, size_t len, struct oci_image *image, struct err *err) MUST_USE;

/* Is this manifest, of which nothing is known yet, one of a container image? */
bool oci_image_is(const char *text, size_t len);

#endif
