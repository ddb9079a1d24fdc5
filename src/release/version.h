/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of versions, as the UAPI group's version format specification gives it: "~" is before
 * everything, then "-", "^", ".", then letters, then numbers, numbers by value.
 */
#ifndef OTA_RELEASE_VERSION_H
#define OTA_RELEASE_VERSION_H

/* Below, equal to or above 0 as a is older than, equal to or newer than b. */
int version_compare(const char *a, const char *b);

#endif
