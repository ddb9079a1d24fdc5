/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by libcurl, which is loaded at the first use: commands that need no network do not pay for
 * its thirty libraries. One struct http is one connection that is kept; it belongs to one thread.
 *
 * Redirects are followed by us, five at most: never from https to http, nor to http on a host that
 * is not named, and what shows who we are stays with the server that it was meant for.
 *
 * What fails for now is tried again by those calls that say so, with pauses (io/retry.h); a link
 * that stalls is cut first.
 */
#ifndef OTA_IO_HTTP_H
#define OTA_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
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
	unsigned retry_wait_ms; /* the first pause before a request is tried again */
	unsigned stall_time_ms; /* a link that gives less than 100 bytes a second for so long, in
				   whole seconds, is cut; 0: never */
	unsigned max_time_ms;   /* from http_new() on; then all fails with retry. 0: no limit */
};

/* Told of the bytes of bodies before anyone takes them; its error ends the request. */
struct http_meter {
	int (*take)(void *ctx, uint64_t bytes, struct err *err);
	void *ctx;
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT };

/* What a PUT sends: exactly size bytes, asked for in order, but perhaps again from an earlier
 * offset where a connection broke. */
struct http_body {
	int (*take)(void *ctx, void *data, size_t len, uint64_t offset, struct err *err);
	void *ctx;
	uint64_t size;
	const char *type;
};

struct http_request {
	enum http_method method;
	const char *url;
	const char *accept;           /* NULL: anything */
	const char *authorization;    /* NULL: none; for the server of the url alone */
	const char *range;            /* "FIRST-LAST"; NULL: the whole */
	const char *if_range;         /* a strong ETag; NULL: none */
	const struct http_body *body; /* of a PUT */
};

#define HTTP_TEXT_LEN 4096
#define HTTP_ETAG_LEN 256

/* What came last, of the answer that ended the redirects. Texts are "" where there was none, and
 * as hostile as any byte from outside. */
struct http_answer {
	int status;        /* 0: none came */
	bool elsewhere;    /* another server gave it than the one that was asked */
	int64_t length;    /* of the body; -1: not told */
	char type[128];    /* Content-Type */
	char range[96];    /* Content-Range */
	char digest[96];   /* Docker-Content-Digest */
	char encoding[32]; /* Content-Encoding */
	char etag[HTTP_ETAG_LEN];
	int64_t retry_after_s; /* 0: not told */
	char location[HTTP_TEXT_LEN];
	char challenge[HTTP_TEXT_LEN]; /* WWW-Authenticate: Bearer, else the first */
};

/* What the options point to must outlive it. Errors: config (libcurl is missing, a certificate is
 * unreadable), failed. */
struct http *http_new(const struct http_options *options, struct err *err) MUST_USE;
void http_free(struct http *http);

/* From now on all bytes of bodies are told to it; NULL: to none. It must outlive that. */
void http_set_meter(struct http *http, const struct http_meter *meter);

/* The bytes of bodies that came so far. */
uint64_t http_taken_bytes(const struct http *http);

/* Asks once, and gives the body of a 2xx to the sink, piece by piece; NULL: what comes is dropped.
 * Errors: retry (no connection, a stall, 408, 429, 5xx, the time is over), refused (other statuses
 * than 2xx, redirects that lead nowhere), corrupt (headers past 64 KiB, a body that is encoded),
 * the sink's, the meter's. http_answer() tells the status also then. */
int http_ask(struct http *http, const struct http_request *request, const struct sink *sink,
	struct err *err) MUST_USE;
const struct http_answer *http_answer(const struct http *http);

/* Appends a whole small body, whose size the buffer's cap bounds; tries again. */
int http_get_small(struct http *http, const struct http_request *request, struct buf *out,
	struct err *err) MUST_USE;

/* The part of a file that is asked for. */
struct http_range {
	uint64_t offset;
	uint64_t len;       /* at least 1 */
	uint64_t file_size; /* of the whole file, to compare with what the server says */
};

/* Gives the bytes of the range, no more and no less, to the sink; tries again, and goes on behind
 * the last byte that came. A server that answers 200 to a range is fine: what comes before is
 * passed over, and http_ranges() says false from then on. A file whose ETag changes from one answer
 * to the next is read on all the same, and http_changed() says true from then on: only a hash can
 * tell whether its bytes did. Errors: those of http_ask(), retry (an answer that ends early),
 * corrupt (another range or size than asked). */
int http_get_range(struct http *http, const struct http_request *request,
	const struct http_range *range, const struct sink *sink, struct err *err) MUST_USE;

/* Did the server answer ranges so far? */
bool http_ranges(const struct http *http);
void http_ranges_missing(struct http *http);

/* Was a file replaced on the server while it was read? */
bool http_changed(const struct http *http);

#endif
