/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to one server: what http.c and http_once.c, the home of libcurl, give the other
 * http_*.c.
 */
#ifndef OTA_IO_HTTP_ONCE_H
#define OTA_IO_HTTP_ONCE_H

#include <limits.h>

#include "io/http.h"
#include "io/retry.h"

/* Asks `url`, where a redirect of the request has led to or the request's own; fills the answer in.
 * That an answer came is 0, whatever its status. */
int http_once(struct http *http, const struct http_request *request, const char *url,
	const struct sink *sink, struct err *err) MUST_USE;

/* What is kept from one request to the next. */
struct http_memory {
	struct retry retry;
	bool no_ranges;
	char url[PATH_MAX]; /* the file whose version is known */
	char etag[HTTP_ETAG_LEN];
	unsigned changes;  /* of that version, while it was read */
	uint64_t delay_us; /* the quickest answer took so long; 0: there was none */
};

struct http_memory *http_memory(struct http *http);

/* After a failure, and after a success: retry_wait(), and that there is nothing to count; 0. */
int http_retry(struct http *http, bool fruitful, struct err *err) MUST_USE;
int http_retry_done(struct http *http);

/* Where the last answer redirects to, until the next request; NULL: nowhere. */
const char *http_leads_to(const struct http *http);
bool http_may_lead_to(const struct http *http, const char *from, const char *to);

/* Takes a header line into the answer; the line of the status begins a new one. Errors: corrupt
 * (longer than what is kept of it). */
int http_answer_read(struct http_answer *a, const char *line, size_t len, struct err *err) MUST_USE;

#endif
