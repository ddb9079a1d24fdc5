/* SPDX-License-Identifier: Apache-2.0 */
#include "io/sink.h"

static int add_to_buf(void *ctx, const void *data, size_t len, struct err *err)
{
	return buf_add(ctx, data, len, err);
}

struct sink sink_to_buf(struct buf *buf)
{
	return (struct sink){add_to_buf, buf};
}
