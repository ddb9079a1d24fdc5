/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures of a manifest, as cosign lays them down: a manifest of its own, tagged
 * "sha256-HEX.sig", whose layers are the signed payloads. Everything here is unsigned data until a
 * key says otherwise.
 */
#ifndef OTA_FLOW_SIGNATURES_H
#define OTA_FLOW_SIGNATURES_H

#include "io/source.h"
#include "trust/keyring.h"
#include "trust/payload.h"

#define SIGNATURES_MAX 16
#define SIGNATURE_TAG_LEN (DIGEST_HEX_LEN + 12)

struct signature {
	struct descriptor descriptor; /* of the payload */
	struct buf payload;
	char text[SIGNATURE_TEXT_MAX]; /* base64; "" where the annotation is missing */
};

struct signatures {
	struct descriptor manifest; /* of the signatures' own manifest; size 0: there is none */
	struct descriptor config_descriptor;
	struct buf manifest_bytes, config_bytes;
	size_t n;
	struct signature items[SIGNATURES_MAX];
};

void signature_tag(const struct digest *manifest, char tag[SIGNATURE_TAG_LEN]);

/* Loads what there is for a manifest; a manifest without signatures is no error. Zero-initialise
 * s, and free it with signatures_free() also after a failure. Errors: corrupt, untrusted (more
 * than SIGNATURES_MAX), the source's. */
int signatures_load(struct source *source, const struct digest *manifest, struct signatures *s,
	struct err *err) MUST_USE;

/* The config of that manifest, which says nothing: only who keeps the signatures needs it, so that
 * the layout is whole. */
int signatures_load_config(struct source *source, struct signatures *s, struct err *err) MUST_USE;
void signatures_free(struct signatures *s);

/* Which of the keys signed this very manifest: one bit each, by the key's number. */
uint32_t signatures_signers(
	const struct signatures *s, const struct digest *manifest, const struct keyring *keyring);

/* The verdict on a manifest, for releases and deltas alike: have as many of the keys signed it as
 * are needed? `what` names it in errors; signers is filled in also after a failure. Errors:
 * untrusted. */
int signatures_check(const struct signatures *s, const struct digest *manifest,
	const struct keyring *keyring, unsigned needed, const char *what, uint32_t *signers,
	struct err *err) MUST_USE;

/* Is one of them made by this key, over this very manifest? */
bool signatures_has(
	const struct signatures *s, const struct digest *manifest, const struct key *key);

#define AUTO_SIGNATURES CLEANUP(signatures_free) struct signatures

#endif
