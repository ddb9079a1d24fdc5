/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout that is being written to: made where it is missing, and held by the lock DIR/lock, the
 * same as the store's, so that two runs do not lose each other's tags.
 */
#ifndef OTA_FLOW_WRITER_H
#define OTA_FLOW_WRITER_H

#include "base/mem.h"
#include "io/layout.h"

struct layout_writer {
	int lock_fd;
	char dir[PATH_MAX];
	char tag[TAG_LEN];
};

/* Opens "DIR[:TAG]" for `who`, and removes what a killed run left. Release by scope: AUTO_WRITER.
 * Errors: usage (no such form), busy, io, space. */
int writer_open(
	struct layout_writer *w, const char *text, const char *who, struct err *err) MUST_USE;

/* The same for a folder whose tag does not matter. */
int writer_open_dir(
	struct layout_writer *w, const char *dir, const char *who, struct err *err) MUST_USE;

static inline void cleanup_writer(struct layout_writer *w)
{
	cleanup_fd(&w->lock_fd);
}

#define WRITER                                                                                     \
	{                                                                                          \
		.lock_fd = -1                                                                      \
	}
#define AUTO_WRITER CLEANUP(cleanup_writer) struct layout_writer

#endif
