/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of boot files: relative, of plain names that FAT keeps as they are, whatever system reads
 * them. Anything else would be another file to the bootloader than it is to us.
 */
#ifndef OTA_BASE_FATNAME_H
#define OTA_BASE_FATNAME_H

#include <stdbool.h>

#include "base/err.h"

#define FATNAME_PATH_LEN 120 /* with NUL */
#define FATNAME_MAX_DEPTH 8

/* Is it such a path: printable ASCII without blank and "*:<>?\|, no empty name, none that ends
 * with a dot, begins with ".ota" or is a short alias like NAME~1? Errors: corrupt, with the reason.
 */
int fatname_check(const char *path, struct err *err) MUST_USE;

/* Would they stand in each other's way: equal but for case, or one a folder of the other? */
bool fatname_collide(const char *path, const char *other);

#endif
