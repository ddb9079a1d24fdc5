/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a struct http is made of: only http.c, http_once.c and http_lanes.c look in here.
 *
 *   http_begin -> libcurl performs, alone or beside others -> http_end
 */
#ifndef OTA_IO_HTTP_HANDLE_H
#define OTA_IO_HTTP_HANDLE_H

#include "io/curl.h"
#include "io/http_once.h"

#define HTTP_MAX_HEADERS 8

/* Header lines as the list that curl takes; it lives as long as the request. */
struct http_headers {
	char *lines[HTTP_MAX_HEADERS];
	struct curl_slist items[HTTP_MAX_HEADERS];
	size_t n;
};

struct http {
	const struct curl_api *api;
	CURL *curl;
	struct http_options options;
	char curl_error[CURL_ERROR_SIZE];
	struct http_answer answer;
	struct http_memory memory;
	const struct http_meter *meter; /* NULL: none */
	uint64_t taken_bytes;
	/* of the request under way */
	const struct http_request *request;
	const struct sink *sink;
	struct err *err;
	bool stopped; /* by us: err tells why */
	bool elsewhere;
	size_t header_bytes, body_bytes, dropped_bytes;
	uint64_t sent_bytes;
	struct http_headers headers;
};

/* Readies libcurl for http_once(); what is given must live until http_end(), which must follow also
 * after a failure. */
int http_begin(struct http *http, const struct http_request *request, const char *url,
	const struct sink *sink, struct err *err) MUST_USE;

/* What libcurl's word means: http_once()'s result. */
int http_end(struct http *http, int began, CURLcode rc, struct err *err) MUST_USE;

void http_note_status(struct http *http);
int http_headers_too_long(struct http *http);

#endif
