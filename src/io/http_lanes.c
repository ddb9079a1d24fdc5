/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "io/http_handle.h"
#include "io/http_part.h"

#define FAR_US 20000 /* a server whose quickest answer takes longer is far away */
#define POLL_MS 1000
#define MAX_BREAKS 32 /* in all; then one connection and its pauses are what the link can bear */
#define MAX_REDIRECTS 5

struct lane {
	struct lanes *all;
	struct http *http;
	struct http_range range;
	struct http_part part;
	struct sink to_user, to_part;
	char *url; /* where redirects have led to; NULL: the request's own */
	unsigned redirects;
	bool has_part, flying;
	int began;
	uint64_t before;        /* what of the part had come when this answer began */
	uint64_t not_before_ms; /* of clock_mono_ms() */
	struct err err;
};

struct lanes {
	struct http *http;
	const struct http_request *request;
	const struct http_lanes_user *user;
	CURLM *multi;
	unsigned n, n_flying, n_allowed, breaks;
	bool over; /* given up, or the user has failed */
	struct lane lane[HTTP_LANES_MAX];
};

unsigned http_lanes(const struct http *http)
{
	const struct http_memory *m = &http->memory;

	if (m->no_ranges || m->delay_us < FAR_US || http->options.limit_rate)
		return 1;
	return HTTP_LANES_MAX;
}

static int put(void *ctx, const void *data, size_t len, struct err *err)
{
	struct lane *lane = ctx;
	const struct http_lanes_user *user = lane->all->user;

	return user->put(user->ctx, (unsigned)(lane - lane->all->lane), data, len, err);
}

/* A connection that knows what the first one does. */
static int open_lane(struct lanes *l, struct lane *lane)
{
	*lane = (struct lane){.all = l, .to_user = {put, lane}};
	lane->http = http_new(&l->http->options, &lane->err);
	if (!lane->http)
		return -1;
	lane->http->memory = l->http->memory;
	lane->http->meter = l->http->meter;
	/* better a stream of the first connection, if it can have several, than one more */
	l->http->api->setopt(lane->http->curl, CURLOPT_PIPEWAIT, 1L);
	return 0;
}

static void close_lane(struct lane *lane)
{
	struct lanes *l = lane->all;

	if (!l || !lane->http)
		return;
	if (lane->flying) {
		l->http->api->multi_remove(l->multi, lane->http->curl);
		lane->began = http_end(lane->http, -1, CURLE_OK, &lane->err);
	}
	l->http->taken_bytes += lane->http->taken_bytes;
	http_free(lane->http);
	free(lane->url);
}

static bool take_part(struct lane *lane)
{
	struct lanes *l = lane->all;

	if (lane->has_part)
		return true;
	lane->has_part = l->user->next(l->user->ctx, (unsigned)(lane - l->lane), &lane->range);
	lane->part = (struct http_part){.http = lane->http,
		.request = l->request,
		.range = &lane->range,
		.sink = &lane->to_user,
		.only_part = true};
	lane->to_part = http_part_sink(&lane->part);
	return lane->has_part;
}

static void start(struct lane *lane)
{
	struct lanes *l = lane->all;
	const char *url = lane->url ? lane->url : l->request->url;

	lane->before = lane->part.delivered;
	http_part_ask(&lane->part);
	if (http_begin(lane->http, &lane->part.ask, url, &lane->to_part, &lane->err) < 0 ||
		l->http->api->multi_add(l->multi, lane->http->curl)) {
		l->over = true;
		return;
	}
	lane->flying = true;
	l->n_flying++;
}

/* Starts what may start; the milliseconds until there is more of that. */
static int start_all(struct lanes *l)
{
	uint64_t now = clock_mono_ms(), wait_ms = POLL_MS;

	for (unsigned i = 0; i < l->n && !l->over; i++) {
		struct lane *lane = &l->lane[i];
		if (lane->flying || l->n_flying >= l->n_allowed || !take_part(lane))
			continue;
		if (lane->not_before_ms <= now)
			start(lane);
		else if (lane->not_before_ms - now < wait_ms)
			wait_ms = lane->not_before_ms - now;
	}
	return (int)wait_ms;
}

/* Follows as http_ask() does; false where that is not to be. */
static bool redirect(struct lane *lane)
{
	const char *from = lane->url ? lane->url : lane->all->request->url;
	const char *to = http_leads_to(lane->http);

	if (!to || lane->redirects++ >= MAX_REDIRECTS || !http_may_lead_to(lane->http, from, to))
		return false;
	char *copy = strdup(to);
	free(lane->url);
	lane->url = copy;
	return copy != NULL;
}

/* A link that breaks is taken up where it broke; a server that gives nothing gets fewer lanes. */
static void take_break(struct lane *lane)
{
	struct lanes *l = lane->all;
	bool fruitful = lane->part.delivered - lane->before >= HTTP_FRUITFUL_BYTES;

	free(lane->url); /* such addresses may hold for a while only */
	lane->url = NULL;
	lane->redirects = 0;
	lane->not_before_ms = clock_mono_ms() + l->http->memory.retry.first_ms;
	if (!fruitful)
		l->n_allowed--;
	if (lane->err.code != OTA_RETRY || ++l->breaks > MAX_BREAKS || l->n_allowed <= 1)
		l->over = true;
}

static void land(struct lane *lane, CURLcode code)
{
	struct lanes *l = lane->all;

	l->http->api->multi_remove(l->multi, lane->http->curl);
	lane->flying = false;
	l->n_flying--;
	int rc = http_end(lane->http, 0, code, &lane->err);
	int status = http_answer(lane->http)->status;
	if (rc == 0 && status / 100 == 3 && redirect(lane))
		return;
	if (rc == 0 && status / 100 != 2) {
		bool busy = status == 429 || status >= 500;
		rc = err_set(&lane->err, busy ? OTA_RETRY : OTA_REFUSED, "status %d", status);
	}
	if (http_part_end(&lane->part, rc, &lane->err) == 0)
		lane->has_part = false;
	else
		take_break(lane);
}

static struct lane *lane_of(struct lanes *l, const CURL *curl)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->lane[i].http->curl == curl)
			return &l->lane[i];
	return NULL;
}

static void land_all(struct lanes *l)
{
	const struct curl_api *api = l->http->api;
	CURLMsg *msg;
	int left;

	while ((msg = api->multi_info(l->multi, &left)) != NULL) {
		struct lane *lane = lane_of(l, msg->easy_handle);
		if (msg->msg == CURLMSG_DONE && lane)
			land(lane, msg->data.result);
	}
}

static void run(struct lanes *l)
{
	const struct curl_api *api = l->http->api;
	int running;

	while (!l->over && !interrupt_pending()) {
		int wait_ms = start_all(l);
		bool waits = false;
		for (unsigned i = 0; i < l->n; i++)
			waits = waits || l->lane[i].has_part;
		if (!waits || api->multi_perform(l->multi, &running))
			return;
		land_all(l);
		if (l->n_flying && running && api->multi_poll(l->multi, NULL, 0, wait_ms, NULL))
			return;
		if (!l->n_flying && !l->over)
			clock_sleep_ms((unsigned)wait_ms);
	}
}

void http_get_lanes(struct http *http, const struct http_request *request, unsigned n,
	const struct http_lanes_user *user)
{
	struct lanes l = {.http = http, .request = request, .user = user, .n_allowed = n};
	int rc = 0;

	l.multi = http->api->multi_init();
	while (rc == 0 && l.multi && l.n < n)
		rc = open_lane(&l, &l.lane[l.n++]);
	if (rc == 0 && l.multi)
		run(&l);
	for (unsigned i = 0; i < l.n; i++)
		close_lane(&l.lane[i]);
	if (l.multi)
		http->api->multi_cleanup(l.multi);
}
