/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image or a slot, chunk by chunk: read and cut on the caller's thread, hashed on all cores,
 * given on in order. Memory: some pieces of CHUNK_SCAN_BYTES, whatever the size.
 */
#ifndef OTA_FLOW_CHUNKSCAN_H
#define OTA_FLOW_CHUNKSCAN_H

#include "delta/chunker.h"
#include "io/digest.h"
#include "io/progress.h"

#define CHUNK_SCAN_BYTES (256u << 10)

struct scanned_chunk {
	const uint8_t *data; /* until visit returns */
	size_t len;
	uint64_t offset;
	bool zeros;
	struct digest digest; /* unset for zeros */
};

struct chunk_scan {
	const struct chunker *chunker;
	/* Exactly len bytes, a multiple of 4096 but at the end, into a buffer of slot_alloc. */
	int (*read)(void *ctx, void *data, size_t len, uint64_t offset, struct err *err);
	void *read_ctx;
	uint64_t bytes;
	/* Called on the caller's thread, in order; its error ends it. */
	int (*visit)(void *ctx, const struct scanned_chunk *c, struct err *err);
	void *ctx;
	const struct progress *progress;
};

/* Errors: failed (memory), interrupted, those of read and visit. */
int chunk_scan(const struct chunk_scan *scan, struct err *err) MUST_USE;

#endif
