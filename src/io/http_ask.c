/* SPDX-License-Identifier: Apache-2.0 */
/* Redirects, and what a status means. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/http_once.h"

#define MAX_REDIRECTS 5

static int status_error(int status, const char *url, struct err *err)
{
	bool for_now = status == 408 || status == 425 || status == 429 || status >= 500;

	err_set(err, for_now ? OTA_RETRY : OTA_REFUSED, "%s: the server answers %d", url, status);
	if (for_now)
		return err_hint(
			err, "run the same command again later: it goes on where it stopped");
	return err_hint(err, "check the source's address and tag");
}

/* Where an answer leads to, for the caller to free; the errors do not tell it, since such addresses
 * can carry secrets. */
static char *next_url(
	struct http *h, const struct http_request *r, const char *from, struct err *err)
{
	const char *to = http_leads_to(h);

	if (!to) {
		status_error(http_answer(h)->status, r->url, err);
		return NULL;
	}
	if (!http_may_lead_to(h, from, to)) {
		err_set(err, OTA_REFUSED, "%s: redirects to where there is no TLS", r->url);
		err_hint(err, "check the source's address");
		return NULL;
	}
	char *copy = strdup(to);
	if (!copy)
		err_set(err, OTA_FAILED, "out of memory");
	return copy;
}

static bool is_redirect(const struct http *h, const struct http_request *r)
{
	int status = http_answer(h)->status;

	return r->method <= HTTP_HEAD &&
	       (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

static int follow(
	struct http *h, const struct http_request *r, const struct sink *sink, struct err *err)
{
	AUTO_FREE char *url = strdup(r->url);

	for (unsigned n = 0; url; n++) {
		if (http_once(h, r, url, sink, err) < 0)
			return -1;
		if (!is_redirect(h, r))
			return 0;
		if (n == MAX_REDIRECTS) {
			err_set(err, OTA_REFUSED, "%s: more than %d redirects", r->url,
				MAX_REDIRECTS);
			return err_hint(err, "check the source's address");
		}
		char *next = next_url(h, r, url, err);
		free(url);
		url = next;
		if (!next)
			return -1;
	}
	return err_set(err, OTA_FAILED, "out of memory");
}

int http_ask(struct http *h, const struct http_request *request, const struct sink *sink,
	struct err *err)
{
	if (follow(h, request, sink, err) < 0)
		return -1;
	if (http_answer(h)->status / 100 == 2)
		return 0;
	return status_error(http_answer(h)->status, request->url, err);
}

int http_retry(struct http *h, bool fruitful, struct err *err)
{
	return retry_wait(&http_memory(h)->retry, fruitful, http_answer(h)->retry_after_s, err);
}

int http_retry_done(struct http *h)
{
	http_memory(h)->retry.fruitless = 0;
	return 0;
}

int http_get_small(
	struct http *h, const struct http_request *request, struct buf *out, struct err *err)
{
	const struct sink sink = sink_to_buf(out);
	size_t before = out->len;

	for (;;) {
		if (http_ask(h, request, &sink, err) == 0)
			return http_retry_done(h);
		out->len = before;
		if (http_retry(h, false, err) < 0)
			return -1;
	}
}
