/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by libcurl, which is loaded at the first use: commands that need no network do not pay for
 * its thirty libraries. One struct http is one connection that is kept; it belongs to one thread.
 */
#ifndef OTA_IO_HTTP_H
#define OTA_IO_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/sink.h"

struct http;

struct http_options {
	const char *ca_file;     /* NULL: the system's */
	const char *client_cert; /* NULL: none; PEM */
	const char *client_key;
	const char *proxy;          /* NULL: what the environment says */
	uint64_t limit_rate;        /* bytes a second at most; 0: no limit */
	char *const *insecure_http; /* HOST or HOST:PORT that may be spoken to without TLS */
	size_t n_insecure_http;
};

/* The part of a file that is asked for. */
struct http_range {
	uint64_t offset;
	uint64_t len;       /* 0: the whole file, of unknown size */
	uint64_t file_size; /* of the whole file, to compare with what the server says */
};

/* Errors: config (libcurl is missing, a certificate is unreadable), failed. */
struct http *http_new(const struct http_options *options, struct err *err) MUST_USE;
void http_free(struct http *http);

/* Gives the bytes of the range, no more and no less, to the sink, piece by piece. A server that
 * answers 200 to a range is fine: what comes before is passed over, and http_ranges() says false
 * from then on. Errors: retry (no connection, 408, 429, 5xx, an answer that ends early), refused
 * (other 4xx, 3xx that lead nowhere), corrupt (another range or size than asked), the sink's. */
int http_get(struct http *http, const char *url, const struct http_range *range,
	const struct sink *sink, struct err *err) MUST_USE;

/* Did the server answer ranges so far? */
bool http_ranges(const struct http *http);

#endif
