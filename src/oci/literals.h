/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a stream that a reader was lent and whose fate is open: each is given to the sink,
 * in order, or cut out. A sound reader settles them soon; one that a header of a hostile size keeps
 * from it ends at LITERALS_MAX.
 */
#ifndef OTA_OCI_LITERALS_H
#define OTA_OCI_LITERALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define LITERALS_MAX (2u << 20) /* and the block that comes then */

struct literals {
	struct buf bytes;
	size_t settled;    /* of those: given away or cut */
	uint64_t position; /* in the stream, of the first that is not */
	int (*sink)(void *ctx, const void *data, size_t len, struct err *err); /* NULL: nobody */
	void *ctx;
};

/* The next bytes of the stream. Errors: corrupt (too many are open), failed (memory). */
int literals_add(struct literals *l, const void *data, size_t len, struct err *err) MUST_USE;

/* Gives away all before this position. Errors: the sink's. */
int literals_settle(struct literals *l, uint64_t until, struct err *err) MUST_USE;

/* Cuts out the bytes that come now. False where others stand there. */
bool literals_cut(struct literals *l, const void *data, size_t len);

/* The open bytes from a position on; NULL where that many are not there. */
const void *literals_peek(const struct literals *l, uint64_t position, size_t len);

#endif
