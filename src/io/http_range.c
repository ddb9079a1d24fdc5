/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a file, from servers that know ranges and from those that do not, over links that
 * break. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/http_part.h"

#define MAX_CHANGES 3

static int check_range_answer(const struct http_part *p, struct err *err)
{
	const struct http_range *r = p->range;
	const char *text = http_answer(p->http)->range;
	uint64_t first, last, size, wanted_last = r->offset + r->len - 1;

	if (sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last, &size) != 3)
		return err_set(err, OTA_CORRUPT, "an unreadable Content-Range '%s'", text);
	if (first != p->first || last != wanted_last)
		return err_set(err, OTA_CORRUPT, "sent bytes %ju to %ju instead of %ju to %ju",
			(uintmax_t)first, (uintmax_t)last, (uintmax_t)p->first,
			(uintmax_t)wanted_last);
	if (size != r->file_size)
		return err_set(err, OTA_CORRUPT, "has %ju bytes instead of %ju", (uintmax_t)size,
			(uintmax_t)r->file_size);
	return 0;
}

/* --- the version of a file --- */

static bool is_known(const struct http_memory *m, const char *url)
{
	return m->etag[0] && !strcmp(m->url, url);
}

/* Notes which version this answer is of; false where it is another one than before. A weak ETag
 * does not promise the same bytes. */
static bool note_version(struct http_part *p)
{
	struct http_memory *m = http_memory(p->http);
	const char *etag = http_answer(p->http)->etag, *url = p->request->url;
	bool known = is_known(m, url);

	if (etag[0] != '"' || strlen(url) >= sizeof(m->url) || (known && !strcmp(m->etag, etag)))
		return true;
	strcpy(m->url, url);
	strcpy(m->etag, etag);
	m->changes += known;
	return !known;
}

static int check_changes(const struct http_part *p, struct err *err)
{
	if (http_memory(p->http)->changes <= MAX_CHANGES)
		return 0;
	return err_set(err, OTA_CORRUPT, "is replaced on the server again and again");
}

/* --- one answer --- */

/* The whole file, since it is a new one: the part of it is asked for at once. */
static int ask_again(struct http_part *p, struct err *err)
{
	p->replaced = true;
	return err_set(err, OTA_RETRY, "%s was replaced on the server", p->request->url);
}

/* Looks at status and headers when the first byte of the body is there. */
static int begin(struct http_part *p, struct err *err)
{
	const struct http_answer *a = http_answer(p->http);
	const struct http_range *r = p->range;
	bool part = p->first || r->len != r->file_size;

	p->started = true;
	bool same = note_version(p);
	if (check_changes(p, err) < 0)
		return -1;
	if (a->status == 206)
		return check_range_answer(p, err);
	if (p->only_part)
		return err_set(err, OTA_RETRY, "%s comes whole", p->request->url);
	if (a->length >= 0 && (uint64_t)a->length != r->file_size)
		return err_set(err, OTA_CORRUPT, "has %ju bytes instead of %ju",
			(uintmax_t)a->length, (uintmax_t)r->file_size);
	if (part && !same && http_ranges(p->http))
		return ask_again(p, err);
	if (part)
		http_ranges_missing(p->http);
	p->to_skip = p->first;
	return 0;
}

static int put(void *ctx, const void *data, size_t len, struct err *err)
{
	struct http_part *p = ctx;

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

struct sink http_part_sink(struct http_part *p)
{
	return (struct sink){put, p};
}

void http_part_ask(struct http_part *p)
{
	const struct http_range *r = p->range;
	const struct http_memory *m = http_memory(p->http);

	p->ask = *p->request;
	p->started = p->complete = p->replaced = false;
	p->to_skip = 0;
	p->first = r->offset + p->delivered;
	if ((p->first || r->len != r->file_size) && http_ranges(p->http)) {
		snprintf(p->text, sizeof(p->text), "%ju-%ju", (uintmax_t)p->first,
			(uintmax_t)(r->offset + r->len - 1));
		p->ask.range = p->text;
		p->ask.if_range = is_known(m, p->ask.url) ? m->etag : NULL;
	}
}

int http_part_end(struct http_part *p, int rc, struct err *err)
{
	if (rc < 0 && !p->complete)
		return p->started && err->code == OTA_CORRUPT ? err_wrap(err, "%s", p->ask.url)
							      : -1;
	if (p->delivered == p->range->len)
		return 0;
	err_set(err, OTA_RETRY, "%s: the answer ends after %ju of %ju bytes", p->ask.url,
		(uintmax_t)p->delivered, (uintmax_t)p->range->len);
	return err_hint(err, "run the same command again: it goes on where it stopped");
}

int http_get_range(struct http *http, const struct http_request *request,
	const struct http_range *range, const struct sink *sink, struct err *err)
{
	struct http_part p = {.http = http, .request = request, .range = range, .sink = sink};
	const struct sink own = http_part_sink(&p);

	for (;;) {
		uint64_t before = p.delivered;
		http_part_ask(&p);
		if (http_part_end(&p, http_ask(http, &p.ask, &own, err), err) == 0)
			return http_retry_done(http);
		bool fruitful = p.delivered - before >= HTTP_FRUITFUL_BYTES;
		if (!p.replaced && http_retry(http, fruitful, err) < 0)
			return -1;
	}
}
