/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where bytes flow to. `put` is called in order, on one thread; its error ends the flow.
 */
#ifndef OTA_IO_SINK_H
#define OTA_IO_SINK_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct sink {
	int (*put)(void *ctx, const void *data, size_t len, struct err *err);
	void *ctx;
};

/* One that appends to a buffer, whose cap bounds what comes. */
struct sink sink_to_buf(struct buf *buf);

#endif
