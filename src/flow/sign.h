/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing what a tag of a layout names, and the deltas of it.
 */
#ifndef OTA_FLOW_SIGN_H
#define OTA_FLOW_SIGN_H

#include <stdbool.h>

#include "io/descriptor.h"

struct sign_result {
	struct descriptor manifest; /* what is signed */
	bool already;               /* this key's signatures were all there: nothing changed */
	size_t n_signatures;        /* of the release */
	size_t n_deltas;
};

/* Adds a signature to those that are there, of the release and of each of its deltas; one that is
 * damaged, or for another release, is an error before anything is signed. `layout` is "DIR[:TAG]",
 * `key_path` a private key in PEM. Errors: usage, config (the key), refused (no such tag), corrupt,
 * busy, io, space. */
int sign_release(const char *layout, const char *key_path, struct sign_result *result,
	struct err *err) MUST_USE;

#endif
