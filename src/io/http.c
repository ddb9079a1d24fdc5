/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_once.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/address.h"
#include "io/http_curl.h"

#define HEADERS_MAX (64 * 1024)
#define REFUSAL_MAX (16 * 1024) /* of the page that comes with a status */
#define RETRY_WAIT_MS 1000
#define MAX_HEADERS 8

static const struct curl_api *api;

struct http {
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
	size_t header_bytes, body_bytes, dropped_bytes;
	uint64_t sent_bytes;
};

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

static void note_status(struct http *h)
{
	long status = 0;
	curl_off_t length = -1, wait_s = 0;

	api->getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	api->getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	api->getinfo(h->curl, CURLINFO_RETRY_AFTER, &wait_s);
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

	note_status(h);
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

static int headers_too_long(struct http *h)
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
		headers_too_long(h);
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

	bad |= api->setopt(h->curl, CURLOPT_ERRORBUFFER, h->curl_error);
	bad |= api->setopt(h->curl, CURLOPT_WRITEFUNCTION, on_body);
	bad |= api->setopt(h->curl, CURLOPT_WRITEDATA, h);
	bad |= api->setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
	bad |= api->setopt(h->curl, CURLOPT_HEADERDATA, h);
	bad |= api->setopt(h->curl, CURLOPT_READFUNCTION, on_send);
	bad |= api->setopt(h->curl, CURLOPT_READDATA, h);
	bad |= api->setopt(h->curl, CURLOPT_SEEKFUNCTION, on_seek);
	bad |= api->setopt(h->curl, CURLOPT_SEEKDATA, h);
	bad |= api->setopt(h->curl, CURLOPT_XFERINFOFUNCTION, on_tick);
	bad |= api->setopt(h->curl, CURLOPT_XFERINFODATA, h);
	return bad;
}

struct http *http_new(const struct http_options *options, struct err *err)
{
	if (!(api = curl_load(err)))
		return NULL;
	struct http *h = calloc(1, sizeof(*h));
	if (h)
		h->curl = api->init();
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
		api->cleanup(http->curl);
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

/* --- a request --- */

static int set_method(struct http *h)
{
	const struct http_request *r = h->request;
	/* GET also takes back what an earlier request has set */
	int bad = api->setopt(h->curl, CURLOPT_HTTPGET, 1L);

	if (r->method == HTTP_HEAD)
		bad |= api->setopt(h->curl, CURLOPT_NOBODY, 1L);
	if (r->method == HTTP_POST) {
		bad |= api->setopt(h->curl, CURLOPT_POST, 1L);
		bad |= api->setopt(h->curl, CURLOPT_POSTFIELDS, "");
		bad |= api->setopt(h->curl, CURLOPT_POSTFIELDSIZE, 0L);
	}
	if (r->method == HTTP_PUT) {
		curl_off_t size = (curl_off_t)r->body->size;
		bad |= api->setopt(h->curl, CURLOPT_UPLOAD, 1L);
		bad |= api->setopt(h->curl, CURLOPT_INFILESIZE_LARGE, size);
	}
	return bad;
}

/* Header lines as the list that curl takes; it lives as long as the request. */
struct headers {
	char *lines[MAX_HEADERS];
	struct curl_slist items[MAX_HEADERS];
	size_t n;
};

static int add_header(struct headers *l, const char *name, const char *value)
{
	if (!value)
		return 0;
	if (asprintf(&l->lines[l->n], "%s: %s", name, value) < 0)
		return -1;
	l->items[l->n] = (struct curl_slist){l->lines[l->n], NULL};
	if (l->n)
		l->items[l->n - 1].next = &l->items[l->n];
	l->n++;
	return 0;
}

static void free_headers(struct headers *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->lines[i]);
}

static int perform_with(struct http *h, const char *url, struct headers *l, struct err *err)
{
	const struct http_request *r = h->request;
	const char *shown = address_is_same_server(url, r->url) ? r->authorization : NULL;

	if (add_header(l, "Accept", r->accept) < 0 || add_header(l, "Authorization", shown) < 0 ||
		add_header(l, "If-Range", r->if_range) < 0 ||
		add_header(l, "Content-Type", r->body ? r->body->type : NULL) < 0)
		return err_set(err, OTA_FAILED, "out of memory");
	if (set_method(h) || api->setopt(h->curl, CURLOPT_URL, url) ||
		api->setopt(h->curl, CURLOPT_RANGE, r->range) ||
		api->setopt(h->curl, CURLOPT_HTTPHEADER, l->n ? l->items : NULL))
		return err_set(err, OTA_FAILED, "libcurl does not take %s", r->url);
	CURLcode rc = api->perform(h->curl);
	api->setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	if (interrupt_check(err) < 0 || h->stopped)
		return -1;
	/* whatever became of its page, a status other than 2xx is an answer */
	if (rc == CURLE_OK || (h->dropped_bytes && h->answer.status >= 300))
		return 0;
	/* how libcurl calls a line that is past its own bound */
	if (rc == CURLE_OUT_OF_MEMORY && h->header_bytes && !h->body_bytes)
		return headers_too_long(h);
	const char *why = h->curl_error[0] ? h->curl_error : api->strerror(rc);
	if (retry_is_over(&h->memory.retry))
		why = "the time that was given is over";
	return http_curl_error(rc, why, r->url, err);
}

int http_once(struct http *h, const struct http_request *request, const char *url,
	const struct sink *sink, struct err *err)
{
	struct headers l = {0};

	h->request = request;
	h->sink = sink;
	h->err = err;
	h->answer = (struct http_answer){.length = -1};
	h->stopped = false;
	h->header_bytes = h->body_bytes = h->dropped_bytes = 0;
	h->sent_bytes = 0;
	h->curl_error[0] = '\0';
	int rc = perform_with(h, url, &l, err);
	free_headers(&l);
	note_status(h);
	h->answer.elsewhere = !address_is_same_server(url, request->url);
	return rc;
}

const char *http_leads_to(const struct http *h)
{
	char *url = NULL;

	return api->getinfo(h->curl, CURLINFO_REDIRECT_URL, &url) ? NULL : url;
}

bool http_may_lead_to(const struct http *h, const char *from, const char *to)
{
	bool secured = !strncmp(from, "https://", 8);

	return address_is_allowed(to, &h->options) && (!secured || !strncmp(to, "https://", 8));
}
