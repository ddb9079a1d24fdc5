/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what lies below a folder that is not ours, such as a mounted image or a layer: links lead
 * inside of it, whatever they say, and nothing outside is ever reached. That needs Linux 5.6.
 */
#ifndef OTA_BASE_INSIDE_H
#define OTA_BASE_INSIDE_H

#include "base/err.h"

enum inside_rule {
	INSIDE_MOUNTS,   /* other file systems that are mounted there are followed too */
	INSIDE_ONE,      /* only the one that the folder lies on */
	INSIDE_NO_LINKS, /* and no link in the path is followed: the path is a real one */
};

/* openat(), as the rule has it; the flag O_CLOEXEC is added. An empty path is the folder itself.
 * Gives -1 with errno. */
int inside_open(int root_fd, const char *path, int flags, enum inside_rule rule);

/* The error for what inside_open() left in errno. */
int inside_error(struct err *err, enum ota_code code, const char *path);

#endif
