/* SPDX-License-Identifier: Apache-2.0 */
/* One request to one server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "io/address.h"
#include "io/http_curl.h"
#include "io/http_handle.h"

static int set_method(struct http *h)
{
	const struct http_request *r = h->request;
	/* GET also takes back what an earlier request has set */
	int bad = h->api->setopt(h->curl, CURLOPT_HTTPGET, 1L);

	if (r->method == HTTP_HEAD)
		bad |= h->api->setopt(h->curl, CURLOPT_NOBODY, 1L);
	if (r->method == HTTP_POST) {
		bad |= h->api->setopt(h->curl, CURLOPT_POST, 1L);
		bad |= h->api->setopt(h->curl, CURLOPT_POSTFIELDS, "");
		bad |= h->api->setopt(h->curl, CURLOPT_POSTFIELDSIZE, 0L);
	}
	if (r->method == HTTP_PUT) {
		curl_off_t size = (curl_off_t)r->body->size;
		bad |= h->api->setopt(h->curl, CURLOPT_UPLOAD, 1L);
		bad |= h->api->setopt(h->curl, CURLOPT_INFILESIZE_LARGE, size);
	}
	return bad;
}

static int add_header(struct http_headers *l, const char *name, const char *value)
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

static void free_headers(struct http_headers *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->lines[i]);
}

static int set_request(struct http *h, const char *url, struct err *err)
{
	const struct http_request *r = h->request;
	const char *shown = address_is_same_server(url, r->url) ? r->authorization : NULL;
	struct http_headers *l = &h->headers;

	if (add_header(l, "Accept", r->accept) < 0 || add_header(l, "Authorization", shown) < 0 ||
		add_header(l, "If-Range", r->if_range) < 0 ||
		add_header(l, "Content-Type", r->body ? r->body->type : NULL) < 0)
		return err_set(err, OTA_FAILED, "out of memory");
	if (set_method(h) || h->api->setopt(h->curl, CURLOPT_URL, url) ||
		h->api->setopt(h->curl, CURLOPT_RANGE, r->range) ||
		h->api->setopt(h->curl, CURLOPT_HTTPHEADER, l->n ? l->items : NULL))
		return err_set(err, OTA_FAILED, "libcurl does not take %s", r->url);
	return 0;
}

int http_begin(struct http *h, const struct http_request *request, const char *url,
	const struct sink *sink, struct err *err)
{
	h->request = request;
	h->sink = sink;
	h->err = err;
	h->answer = (struct http_answer){.length = -1};
	h->stopped = false;
	h->header_bytes = h->body_bytes = h->dropped_bytes = 0;
	h->sent_bytes = 0;
	h->curl_error[0] = '\0';
	h->headers.n = 0;
	h->elsewhere = !address_is_same_server(url, request->url);
	return set_request(h, url, err);
}

static int judge(struct http *h, CURLcode rc, struct err *err)
{
	if (interrupt_check(err) < 0 || h->stopped)
		return -1;
	/* whatever became of its page, a status other than 2xx is an answer */
	if (rc == CURLE_OK || (h->dropped_bytes && h->answer.status >= 300))
		return 0;
	/* how libcurl calls a line that is past its own bound */
	if (rc == CURLE_OUT_OF_MEMORY && h->header_bytes && !h->body_bytes)
		return http_headers_too_long(h);
	const char *why = h->curl_error[0] ? h->curl_error : h->api->strerror(rc);
	if (retry_is_over(&h->memory.retry))
		why = "the time that was given is over";
	return http_curl_error(rc, why, h->request->url, err);
}

/* The quickest answer so far tells how far away the server is. */
static void note_delay(struct http *h)
{
	curl_off_t asked_us = 0, answered_us = 0;

	h->api->getinfo(h->curl, CURLINFO_PRETRANSFER_TIME_T, &asked_us);
	h->api->getinfo(h->curl, CURLINFO_STARTTRANSFER_TIME_T, &answered_us);
	if (answered_us <= asked_us || !asked_us)
		return;
	uint64_t delay_us = (uint64_t)(answered_us - asked_us);
	if (!h->memory.delay_us || delay_us < h->memory.delay_us)
		h->memory.delay_us = delay_us;
}

int http_end(struct http *h, int began, CURLcode rc, struct err *err)
{
	int result = began < 0 ? -1 : judge(h, rc, err);

	h->api->setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	free_headers(&h->headers);
	http_note_status(h);
	note_delay(h);
	h->answer.elsewhere = h->elsewhere;
	return result;
}

int http_once(struct http *h, const struct http_request *request, const char *url,
	const struct sink *sink, struct err *err)
{
	int began = http_begin(h, request, url, sink, err);

	return http_end(h, began, began < 0 ? CURLE_OK : h->api->perform(h->curl), err);
}

const char *http_leads_to(const struct http *h)
{
	char *url = NULL;

	return h->api->getinfo(h->curl, CURLINFO_REDIRECT_URL, &url) ? NULL : url;
}

bool http_may_lead_to(const struct http *h, const char *from, const char *to)
{
	bool secured = !strncmp(from, "https://", 8);

	return address_is_allowed(to, &h->options) && (!secured || !strncmp(to, "https://", 8));
}
