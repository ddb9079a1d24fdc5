/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_once.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "io/address.h"
#include "io/curl.h"

#define CONNECT_TIMEOUT_S 30L
#define STALL_BYTES_PER_S 10L
#define STALL_TIME_S 60L
#define HEADERS_MAX (64 * 1024)
#define REFUSAL_MAX (16 * 1024) /* of the page that comes with a status */
#define MAX_HEADERS 4

static const struct curl_api *api;

struct http {
	CURL *curl;
	struct http_options options;
	char curl_error[CURL_ERROR_SIZE];
	bool ranges;
	struct http_answer answer;
	/* of the request under way */
	const struct http_request *request;
	const struct sink *sink;
	struct err *err;
	bool stopped; /* by us: err tells why */
	size_t header_bytes, dropped_bytes;
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
	curl_off_t length = -1;

	api->getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	api->getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	h->answer.status = (int)status;
	h->answer.length = length;
}

static size_t on_body(char *data, size_t one, size_t len, void *ctx)
{
	struct http *h = ctx;

	note_status(h);
	if (h->answer.status / 100 != 2 || !h->sink)
		return drop(h, one * len);
	if (h->sink->put(h->sink->ctx, data, one * len, h->err) < 0)
		return (size_t)stop(h);
	return one * len;
}

static size_t on_header(char *data, size_t one, size_t len, void *ctx)
{
	struct http *h = ctx;
	size_t all = one * len;

	h->header_bytes += all;
	if (h->header_bytes > HEADERS_MAX) {
		err_set(h->err, OTA_CORRUPT, "%s: headers of more than %d bytes", h->request->url,
			HEADERS_MAX);
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
	(void)ctx, (void)a, (void)b, (void)c, (void)d;
	return interrupt_pending();
}

static int set_options(struct http *h, const struct http_options *o)
{
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
		{CURLOPT_CAINFO, o->ca_file},
		{CURLOPT_SSLCERT, o->client_cert},
		{CURLOPT_SSLKEY, o->client_key},
		{CURLOPT_PROXY, o->proxy},
		{CURLOPT_PROTOCOLS_STR, "http,https"},
		{CURLOPT_USERAGENT, "ota/" OTA_VERSION},
	};
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_NOPROGRESS, 0},
		{CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S},
		{CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_S},
		{CURLOPT_LOW_SPEED_TIME, STALL_TIME_S},
	};
	int bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].value)
			bad |= api->setopt(h->curl, texts[i].option, texts[i].value);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		bad |= api->setopt(h->curl, numbers[i].option, numbers[i].value);
	bad |= api->setopt(h->curl, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)o->limit_rate);
	bad |= api->setopt(h->curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)o->limit_rate);
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
	if (!h || !h->curl || set_options(h, options)) {
		err_set(err, OTA_CONFIG, "libcurl does not take our options: too old or too small");
		if (h)
			http_free(h);
		return NULL;
	}
	h->options = *options;
	h->ranges = true;
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
	return http->ranges;
}

void http_ranges_missing(struct http *http)
{
	http->ranges = false;
}

const struct http_answer *http_answer(const struct http *http)
{
	return &http->answer;
}

/* curl's word for why, as one of ours: what may pass is retry, what can't is config or refused. */
static int transfer_error(struct http *h, CURLcode rc, const char *url, struct err *err)
{
	const char *why = h->curl_error[0] ? h->curl_error : api->strerror(rc);

	switch (rc) {
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ENGINE_NOTFOUND:
		err_set(err, OTA_CONFIG, "%s: %s", url, why);
		return err_hint(err, "see [network] ca-file, client-cert, client-key in ota.conf");
	case CURLE_PEER_FAILED_VERIFICATION:
		err_set(err, OTA_REFUSED, "%s: %s", url, why);
		return err_hint(
			err, "is the clock right (date), and [network] ca-file in ota.conf?");
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		err_set(err, OTA_REFUSED, "%s: %s", url, why);
		return err_hint(err, "check the source's address");
	case CURLE_SSL_CONNECT_ERROR:
		err_set(err, OTA_RETRY, "%s: %s", url, why);
		return err_hint(err, "does it speak TLS? else: insecure-http = in [network]");
	case CURLE_OUT_OF_MEMORY:
		return err_set(err, OTA_FAILED, "%s: out of memory", url);
	default:
		err_set(err, OTA_RETRY, "%s: %s", url, why);
		return err_hint(err, "run the same command again: it goes on where it stopped");
	}
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
	return rc == CURLE_OK || (h->dropped_bytes && h->answer.status >= 300)
		       ? 0
		       : transfer_error(h, rc, r->url, err);
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
	h->header_bytes = h->dropped_bytes = 0;
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
