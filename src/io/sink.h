/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where bytes flow to. `put` is called in order, on one thread; its error ends the flow.
 */
#ifndef OTA_IO_SINK_H
#define OTA_IO_SINK_H

#include <stddef.h>

#include "base/err.h"

struct sink {
	int (*put)(void *ctx, const void *data, size_t len, struct err *err);
	void *ctx;
};

#endif
