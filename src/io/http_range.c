/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a file, from servers that know ranges and from those that do not. */
#include <inttypes.h>
#include <stdio.h>

#include "io/http.h"

struct part {
	struct http *http;
	const struct http_range *range;
	const struct sink *sink;
	bool started, complete;
	uint64_t to_skip, delivered;
};

static int check_range_answer(const struct part *p, struct err *err)
{
	const struct http_range *r = p->range;
	const char *text = http_answer(p->http)->range;
	uint64_t first, last, size;

	if (sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last, &size) != 3)
		return err_set(err, OTA_CORRUPT, "an unreadable Content-Range '%s'", text);
	if (first != r->offset || last != r->offset + r->len - 1)
		return err_set(err, OTA_CORRUPT, "sent bytes %ju to %ju instead of %ju to %ju",
			(uintmax_t)first, (uintmax_t)last, (uintmax_t)r->offset,
			(uintmax_t)(r->offset + r->len - 1));
	if (size != r->file_size)
		return err_set(err, OTA_CORRUPT, "has %ju bytes instead of %ju", (uintmax_t)size,
			(uintmax_t)r->file_size);
	return 0;
}

/* Looks at status and headers when the first byte of the body is there. */
static int begin(struct part *p, struct err *err)
{
	const struct http_answer *a = http_answer(p->http);
	const struct http_range *r = p->range;

	p->started = true;
	if (a->status == 206)
		return check_range_answer(p, err);
	if (r->offset || r->len != r->file_size)
		http_ranges_missing(p->http);
	p->to_skip = r->offset;
	if (a->length >= 0 && (uint64_t)a->length != r->file_size)
		return err_set(err, OTA_CORRUPT, "has %ju bytes instead of %ju",
			(uintmax_t)a->length, (uintmax_t)r->file_size);
	return 0;
}

static int put(void *ctx, const void *data, size_t len, struct err *err)
{
	struct part *p = ctx;

	if (!p->started && begin(p, err) < 0)
		return err_hint(err, "was it replaced there just now? run the same command again");
	size_t skip = p->to_skip < len ? (size_t)p->to_skip : len;
	uint64_t left = p->range->len - p->delivered;
	size_t take = len - skip < left ? len - skip : (size_t)left;
	p->to_skip -= skip;
	if (take && p->sink->put(p->sink->ctx, (const char *)data + skip, take, err) < 0)
		return -1;
	p->delivered += take;
	if (skip + take == len)
		return 0;
	/* the tail of a whole file when a part was asked for, or a server that is wrong */
	p->complete = true;
	return err_set(err, OTA_FAILED, "the rest need not come");
}

int http_get_range(struct http *http, const struct http_request *request,
	const struct http_range *range, const struct sink *sink, struct err *err)
{
	bool part = range->offset || range->len != range->file_size;
	struct part p = {.http = http, .range = range, .sink = sink};
	const struct sink own = {put, &p};
	struct http_request ask = *request;
	char text[64];

	snprintf(text, sizeof(text), "%ju-%ju", (uintmax_t)range->offset,
		(uintmax_t)(range->offset + range->len - 1));
	ask.range = part && http_ranges(http) ? text : NULL;
	if (http_ask(http, &ask, &own, err) < 0 && !p.complete)
		return p.started && err->code == OTA_CORRUPT ? err_wrap(err, "%s", ask.url) : -1;
	if (p.delivered == range->len)
		return 0;
	err_set(err, OTA_RETRY, "%s: the answer ends after %ju of %ju bytes", ask.url,
		(uintmax_t)p.delivered, (uintmax_t)range->len);
	return err_hint(err, "run the same command again: it goes on where it stopped");
}
