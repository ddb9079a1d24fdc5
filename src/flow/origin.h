/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the boot files of a slot come from: the image that it holds, looked into, or the release
 * that carries them, in the store.
 */
#ifndef OTA_FLOW_ORIGIN_H
#define OTA_FLOW_ORIGIN_H

#include "base/tree.h"
#include "boot/bootset.h"
#include "flow/authentic.h"
#include "flow/device.h"
#include "io/progress.h"
#include "slot/record.h"
#include "slot/view.h"

struct origin {
	const struct device *d;
	const struct progress *progress;
	struct tree files;
	size_t at;          /* of the file that is wanted next */
	bootset_fill *fill; /* writes it; its context is the origin */
	uint64_t done_bytes;
	struct slot_view view;
	struct source *source;
	struct authentic a;
};

#define ORIGIN(device, shown)                                                                      \
	{                                                                                          \
		.d = (device), .progress = (shown), .view = SLOT_VIEW, .a = AUTHENTIC              \
	}

/* Finds the files of what the slot holds, by its record. Nothing is believed of the store:
 * signatures and content are checked anew. Errors: config (the image has no such folder, or no file
 * in it), incompatible, busy (the slot is in use), corrupt (the release is not in the store any
 * more), io. */
int origin_open(struct origin *o, char slot, const struct slot_record *r, struct err *err) MUST_USE;
void origin_close(struct origin *o);

#define AUTO_ORIGIN CLEANUP(origin_close) struct origin

#endif
