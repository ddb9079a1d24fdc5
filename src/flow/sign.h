/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing what a tag of a layout names.
 */
#ifndef OTA_FLOW_SIGN_H
#define OTA_FLOW_SIGN_H

#include <stdbool.h>

#include "io/descriptor.h"

struct sign_result {
	struct descriptor manifest; /* what is signed */
	bool already;               /* this key's signature was there: nothing changed */
	size_t n_signatures;
};

/* Adds a signature to those that are there. `layout` is "DIR[:TAG]", `key_path` a private key in
 * PEM. Errors: usage, config (the key), refused (no such tag), corrupt, busy, io, space. */
int sign_release(const char *layout, const char *key_path, struct sign_result *result,
	struct err *err) MUST_USE;

#endif
