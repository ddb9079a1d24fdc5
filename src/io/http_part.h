/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a file on its way, over as many answers as it takes:
 *
 *   http_part_ask -> the request is made, its body goes to http_part_sink() -> http_part_end
 */
#ifndef OTA_IO_HTTP_PART_H
#define OTA_IO_HTTP_PART_H

#include "io/http_once.h"

/* Less than this is no progress: a link that always breaks after a little must come to an end. */
#define HTTP_FRUITFUL_BYTES 16384

struct http_part {
	struct http *http;
	const struct http_request *request;
	const struct http_range *range;
	const struct sink *sink;
	bool only_part;     /* a whole file is not wanted, not even to skip most of it */
	uint64_t delivered; /* by all answers so far */
	/* of the answer under way */
	struct http_request ask;
	char text[64];
	bool started, complete, replaced;
	uint64_t first, to_skip;
};

/* Asks for what has not come yet: p->ask is the request. */
void http_part_ask(struct http_part *p);
struct sink http_part_sink(struct http_part *p);

/* rc is what http_ask() gave. 0: all has come. */
int http_part_end(struct http_part *p, int rc, struct err *err) MUST_USE;

#endif
