/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What refers to a manifest by its `subject`: an image index lists it, which a registry makes up,
 * or which stands under the tag "sha256-HEX" of the manifest where none does.
 */
#ifndef OTA_IO_REFERRERS_H
#define OTA_IO_REFERRERS_H

#include "io/descriptor.h"

#define REFERRERS_MAX 64
#define REFERRERS_TAG_LEN (DIGEST_HEX_LEN + 8)

/* An annotation of a delta's manifest, which lists show: the content of its base. */
#define ANNOTATION_DELTA_BASE "dev.ota.delta.base"

struct referrers {
	size_t n;
	struct descriptor items[REFERRERS_MAX];
	bool has_base[REFERRERS_MAX]; /* does that annotation stand beside it? */
	struct digest base[REFERRERS_MAX];
};

void referrers_tag(const struct digest *subject, char tag[REFERRERS_TAG_LEN]);

/* Those of one artifactType (NULL: of any) in the text of an index, in its order, as many as there
 * is room for. They are unsigned: hints where to look. Errors: corrupt. */
int referrers_read(const char *text, size_t len, const char *artifact_type, struct referrers *list,
	struct err *err) MUST_USE;

/* Appends to `out` the text of an index that has, beside all of the given one (len 0: none), an
 * entry for this manifest, with that annotation where `base` is not NULL. `had` tells that it was
 * there. Errors: corrupt, failed. */
int referrers_add(const char *text, size_t len, const struct descriptor *d,
	const char *artifact_type, const struct digest *base, struct buf *out, bool *had,
	struct err *err) MUST_USE;

/* The annotation's value in a manifest or in an entry of a list; false where there is none that
 * makes sense: it is a hint. */
bool referrers_base(const json_t *object, struct digest *base);

#endif
