/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image index lists one image for several platforms: which one is this machine's.
 */
#ifndef OTA_IO_PLATFORM_H
#define OTA_IO_PLATFORM_H

#include <stdbool.h>

#include "io/descriptor.h"

/* As OCI calls them: "amd64", "arm64", "arm"; the variant is "v" and a number. */
struct platform {
	const char *architecture;
	unsigned variant;
};

/* That of this build. */
extern const struct platform platform_own;

/* Can it run what is for these? variant "": none is told. */
bool platform_fits(const struct platform *platform, const char *os, const char *architecture,
	const char *variant);

/* Chooses from the text of an index: linux, the architecture, and the highest variant that is not
 * above ours. A sole entry that tells no platform is for all. Errors: corrupt, incompatible. */
int platform_choose(const char *text, size_t len, const struct platform *platform,
	struct descriptor *d, struct err *err) MUST_USE;

#endif
