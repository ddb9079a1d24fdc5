/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into the file system that a slot holds, without a trace: mounted read-only where no other
 * process sees it, no journal replayed, the block device read-only meanwhile. It is gone with its
 * descriptor, however the process ends. Needs root, and Linux 5.2.
 */
#ifndef OTA_SLOT_VIEW_H
#define OTA_SLOT_VIEW_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

struct slot_view {
	int root_fd; /* the file system's root folder */
	int device_fd;
	bool was_writable; /* the block device, before */
};

#define SLOT_VIEW                                                                                  \
	{                                                                                          \
		.root_fd = -1, .device_fd = -1                                                     \
	}

/* Opens the slot, a block device or a plain file. Errors: incompatible (no file system that we
 * know, a kernel that lacks it), busy (in use), io (also without the right to mount). */
int slot_view_open(struct slot_view *v, const char *path, struct err *err) MUST_USE;
void slot_view_close(struct slot_view *v);

#define AUTO_SLOT_VIEW CLEANUP(slot_view_close) struct slot_view

#endif
