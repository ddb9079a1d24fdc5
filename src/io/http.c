/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/address.h"
#include "io/http_curl.h"
#include "io/http_handle.h"

#define HEADERS_MAX (64 * 1024)
#define REFUSAL_MAX (16 * 1024) /* of the page that comes with a status */
#define RETRY_WAIT_MS 1000

/* --- what comes --- */

static int stop(struct http *h)
{
	h->stopped = true;
	return 0;
}

/* The page behind a status says nothing that we read; it is passed over, so that the connection can
 * be kept. */
static size_t drop(struct http *h, size_t len)
{
	h->dropped_bytes += len;
	return h->dropped_bytes <= REFUSAL_MAX ? len : 0;
}

void http_note_status(struct http *h)
{
	long status = 0;
	curl_off_t length = -1, wait_s = 0;

	h->api->getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	h->api->getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	h->api->getinfo(h->curl, CURLINFO_RETRY_AFTER, &wait_s);
	h->answer.status = (int)status;
	h->answer.length = length;
	h->answer.retry_after_s = wait_s;
}

/* We never ask for it, and digests are of what is behind it. */
static int check_encoding(struct http *h)
{
	const char *encoding = h->answer.encoding;

	if (!encoding[0] || !strcasecmp(encoding, "identity"))
		return 0;
	err_set(h->err, OTA_CORRUPT, "%s: comes encoded as '%s', which was not asked for",
		h->request->url, encoding);
	return err_hint(h->err, "the server must not compress the files of a release");
}

static size_t on_body(char *data, size_t one, size_t len, void *ctx)
{
	struct http *h = ctx;

	http_note_status(h);
	h->body_bytes += one * len;
	h->taken_bytes += one * len;
	if (h->meter && h->meter->take(h->meter->ctx, one * len, h->err) < 0)
		return (size_t)stop(h);
	if (h->answer.status / 100 != 2 || !h->sink)
		return drop(h, one * len);
	if (check_encoding(h) < 0)
		return (size_t)stop(h);
	if (h->sink->put(h->sink->ctx, data, one * len, h->err) < 0)
		return (size_t)stop(h);
	return one * len;
}

int http_headers_too_long(struct http *h)
{
	return err_set(h->err, OTA_CORRUPT, "%s: headers of more than %d bytes", h->request->url,
		HEADERS_MAX);
}

static size_t on_header(char *data, size_t one, size_t len, void *ctx)
{
	struct http *h = ctx;
	size_t all = one * len;

	h->header_bytes += all;
	if (h->header_bytes > HEADERS_MAX) {
		http_headers_too_long(h);
		return (size_t)stop(h);
	}
	if (http_answer_read(&h->answer, data, all, h->err) == 0)
		return all;
	err_wrap(h->err, "%s", h->request->url);
	return (size_t)stop(h);
}

/* --- what goes --- */

static size_t on_send(char *data, size_t one, size_t len, void *ctx)
{
	struct http *h = ctx;
	const struct http_body *body = h->request->body;
	uint64_t left = body->size - h->sent_bytes;
	size_t n = left < one * len ? (size_t)left : one * len;

	if (n && body->take(body->ctx, data, n, h->sent_bytes, h->err) < 0) {
		stop(h);
		return CURL_READFUNC_ABORT;
	}
	h->sent_bytes += n;
	return n;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct http *h = ctx;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > h->request->body->size)
		return CURL_SEEKFUNC_CANTSEEK;
	h->sent_bytes = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int on_tick(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct http *h = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return interrupt_pending() || retry_is_over(&h->memory.retry);
}

static int set_callbacks(struct http *h)
{
	int bad = 0;

	bad |= h->api->setopt(h->curl, CURLOPT_ERRORBUFFER, h->curl_error);
	bad |= h->api->setopt(h->curl, CURLOPT_WRITEFUNCTION, on_body);
	bad |= h->api->setopt(h->curl, CURLOPT_WRITEDATA, h);
	bad |= h->api->setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
	bad |= h->api->setopt(h->curl, CURLOPT_HEADERDATA, h);
	bad |= h->api->setopt(h->curl, CURLOPT_READFUNCTION, on_send);
	bad |= h->api->setopt(h->curl, CURLOPT_READDATA, h);
	bad |= h->api->setopt(h->curl, CURLOPT_SEEKFUNCTION, on_seek);
	bad |= h->api->setopt(h->curl, CURLOPT_SEEKDATA, h);
	bad |= h->api->setopt(h->curl, CURLOPT_XFERINFOFUNCTION, on_tick);
	bad |= h->api->setopt(h->curl, CURLOPT_XFERINFODATA, h);
	return bad;
}

struct http *http_new(const struct http_options *options, struct err *err)
{
	const struct curl_api *api = curl_load(err);
	struct http *h = api ? calloc(1, sizeof(*h)) : NULL;

	if (!api)
		return NULL;
	if (h) {
		h->api = api;
		h->curl = api->init();
	}
	if (!h || !h->curl || http_set_options(api, h->curl, options) || set_callbacks(h)) {
		err_set(err, OTA_CONFIG, "libcurl does not take our options: too old or too small");
		if (h)
			http_free(h);
		return NULL;
	}
	h->options = *options;
	h->memory.retry.first_ms = options->retry_wait_ms ? options->retry_wait_ms : RETRY_WAIT_MS;
	if (options->max_time_ms)
		h->memory.retry.until_ms = clock_mono_ms() + options->max_time_ms;
	return h;
}

void http_free(struct http *http)
{
	if (http->curl)
		http->api->cleanup(http->curl);
	free(http);
}

bool http_ranges(const struct http *http)
{
	return !http->memory.no_ranges;
}

void http_ranges_missing(struct http *http)
{
	http->memory.no_ranges = true;
}

bool http_changed(const struct http *http)
{
	return http->memory.changes > 0;
}

struct http_memory *http_memory(struct http *http)
{
	return &http->memory;
}

void http_set_meter(struct http *http, const struct http_meter *meter)
{
	http->meter = meter;
}

uint64_t http_taken_bytes(const struct http *http)
{
	return http->taken_bytes;
}

const struct http_answer *http_answer(const struct http *http)
{
	return &http->answer;
}
