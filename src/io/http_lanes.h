/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several parts of one file at once, each on a lane: a connection of its own, or a stream of one
 * connection where the server speaks HTTP/2. For servers that are far away, where each request
 * costs a wait and one connection alone does not fill the link.
 *
 * Lanes are a gain that is given up at any trouble but a link that breaks: servers that let in
 * fewer at a time, have no ranges, want to know who asks or changed the file are left to
 * http_get_range(), which knows what to do.
 */
#ifndef OTA_IO_HTTP_LANES_H
#define OTA_IO_HTTP_LANES_H

#include "io/http.h"

#define HTTP_LANES_MAX 4

/* Both are called on the caller's thread. */
struct http_lanes_user {
	/* The next part for a lane, whose last one has come; false: there is none. */
	bool (*next)(void *ctx, unsigned lane, struct http_range *range);
	/* The bytes of that part, in order. An error ends all lanes. */
	int (*put)(void *ctx, unsigned lane, const void *data, size_t len, struct err *err);
	void *ctx;
};

/* How many are worth it: 1 from a server that is near, that gave no range yet, or where a rate is
 * to be held. */
unsigned http_lanes(const struct http *http);

/* Brings parts on n lanes until there are no more, or until it gives up: what came then is all that
 * put() was given. */
void http_get_lanes(struct http *http, const struct http_request *request, unsigned n,
	const struct http_lanes_user *user);

#endif
