/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/interrupt.h"

#define CONNECT_TIMEOUT_S 30L
#define STALL_BYTES_PER_S 10L
#define STALL_TIME_S 60L
#define MAX_REDIRECTS 5L

/* What we use of libcurl, found by name; the note in the ELF file tells packagers of it. */
static struct {
	void *library;
	CURL *(*init)(void);
	void (*cleanup)(CURL *);
	CURLcode (*setopt)(CURL *, CURLoption, ...);
	CURLcode (*perform)(CURL *);
	CURLcode (*getinfo)(CURL *, CURLINFO, ...);
	const char *(*strerror)(CURLcode);
} api;

#define DLOPEN_NOTE                                                                                \
	"[{\"feature\":\"http\",\"description\":\"sources over http and https\","                  \
	"\"priority\":\"recommended\",\"soname\":[\"libcurl.so.4\"]}]"

__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {
	uint32_t name_len, text_len, type;
	char name[4];
	char text[(sizeof(DLOPEN_NOTE) + 3) / 4 * 4];
} dlopen_note = {4, sizeof(DLOPEN_NOTE), 0x407c0c0a, "FDO", DLOPEN_NOTE};

struct http {
	CURL *curl;
	char curl_error[CURL_ERROR_SIZE];
	bool ranges;
	/* of the transfer under way */
	const struct http_range *range;
	const struct sink *sink;
	struct err *err;
	bool sink_failed, started;
	uint64_t to_skip, delivered;
	char content_range[96];
};

static int no_library(struct err *err)
{
	err_set(err, OTA_CONFIG, "http sources need libcurl: %s", dlerror());
	return err_hint(err, "install libcurl, or bring the release on a stick: ota fetch oci:DIR");
}

static int load_api(struct err *err)
{
	if (api.library)
		return 0;
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return no_library(err);
	api.init = dlsym(library, "curl_easy_init");
	api.cleanup = dlsym(library, "curl_easy_cleanup");
	api.setopt = dlsym(library, "curl_easy_setopt");
	api.perform = dlsym(library, "curl_easy_perform");
	api.getinfo = dlsym(library, "curl_easy_getinfo");
	api.strerror = dlsym(library, "curl_easy_strerror");
	if (!api.init || !api.cleanup || !api.setopt || !api.perform || !api.getinfo ||
		!api.strerror) {
		dlclose(library);
		return err_set(err, OTA_CONFIG, "libcurl.so.4 lacks a function that we need");
	}
	api.library = library;
	return 0;
}

/* Fails, and keeps the error so that the outer call can tell it from curl's. */
static size_t stop(struct http *h)
{
	h->sink_failed = true;
	return 0;
}

static int check_range_answer(struct http *h)
{
	const struct http_range *r = h->range;
	uint64_t first, last, size;

	if (sscanf(h->content_range, " bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last,
		    &size) != 3)
		return err_set(
			h->err, OTA_CORRUPT, "an unreadable Content-Range '%s'", h->content_range);
	if (first != r->offset || last != r->offset + r->len - 1)
		return err_set(h->err, OTA_CORRUPT, "sent bytes %ju to %ju instead of %ju to %ju",
			(uintmax_t)first, (uintmax_t)last, (uintmax_t)r->offset,
			(uintmax_t)(r->offset + r->len - 1));
	if (size != r->file_size)
		return err_set(h->err, OTA_CORRUPT, "has %ju bytes instead of %ju", (uintmax_t)size,
			(uintmax_t)r->file_size);
	return 0;
}

/* Looks at status and headers when the first byte of the body is there. */
static int check_answer(struct http *h)
{
	long status = 0;
	curl_off_t length = -1;

	h->started = true;
	api.getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (h->range->len == 0)
		return 0;
	if (status == 206)
		return check_range_answer(h);
	h->ranges = h->ranges && h->range->offset == 0 && h->range->len == h->range->file_size;
	h->to_skip = h->range->offset;
	api.getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0 && (uint64_t)length != h->range->file_size)
		return err_set(h->err, OTA_CORRUPT, "has %ju bytes instead of %ju",
			(uintmax_t)length, (uintmax_t)h->range->file_size);
	return 0;
}

static size_t on_body(char *data, size_t one, size_t len, void *ctx)
{
	struct http *h = ctx;
	size_t all = one * len, skip = 0, take;

	if (!h->started && check_answer(h) < 0) {
		err_hint(h->err, "was it replaced there just now? run the same command again");
		return stop(h);
	}
	skip = h->to_skip < all ? (size_t)h->to_skip : all;
	h->to_skip -= skip;
	take = all - skip;
	if (h->range->len && take > h->range->len - h->delivered) {
		/* the tail of a whole file when a part was asked for; else the server is wrong */
		take = (size_t)(h->range->len - h->delivered);
		h->to_skip = UINT64_MAX;
	}
	if (take && h->sink->put(h->sink->ctx, data + skip, take, h->err) < 0)
		return stop(h);
	h->delivered += take;
	return all;
}

static size_t on_header(char *data, size_t one, size_t len, void *ctx)
{
	static const char name[] = "content-range:";
	struct http *h = ctx;
	size_t all = one * len;

	if (all > sizeof(name) - 1 && !strncasecmp(data, name, sizeof(name) - 1))
		snprintf(h->content_range, sizeof(h->content_range), "%.*s",
			(int)strcspn(data + sizeof(name) - 1, "\r\n"), data + sizeof(name) - 1);
	return all;
}

static int on_tick(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct http *h = ctx;

	(void)a, (void)b, (void)c, (void)d;
	if (h->range && h->range->len && h->delivered == h->range->len && h->to_skip)
		return 1; /* all is here: the rest of the file need not come */
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
		{CURLOPT_FOLLOWLOCATION, 1},
		{CURLOPT_MAXREDIRS, MAX_REDIRECTS},
		{CURLOPT_FAILONERROR, 1},
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_NOPROGRESS, 0},
		{CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S},
		{CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_S},
		{CURLOPT_LOW_SPEED_TIME, STALL_TIME_S},
	};
	int bad = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].value)
			bad |= api.setopt(h->curl, texts[i].option, texts[i].value);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		bad |= api.setopt(h->curl, numbers[i].option, numbers[i].value);
	bad |= api.setopt(h->curl, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)o->limit_rate);
	bad |= api.setopt(h->curl, CURLOPT_ERRORBUFFER, h->curl_error);
	bad |= api.setopt(h->curl, CURLOPT_WRITEFUNCTION, on_body);
	bad |= api.setopt(h->curl, CURLOPT_WRITEDATA, h);
	bad |= api.setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
	bad |= api.setopt(h->curl, CURLOPT_HEADERDATA, h);
	bad |= api.setopt(h->curl, CURLOPT_XFERINFOFUNCTION, on_tick);
	bad |= api.setopt(h->curl, CURLOPT_XFERINFODATA, h);
	return bad;
}

struct http *http_new(const struct http_options *options, struct err *err)
{
	if (load_api(err) < 0)
		return NULL;
	struct http *h = calloc(1, sizeof(*h));
	if (h)
		h->curl = api.init();
	if (!h || !h->curl || set_options(h, options)) {
		err_set(err, OTA_CONFIG, "libcurl does not take our options: too old or too small");
		if (h)
			http_free(h);
		return NULL;
	}
	h->ranges = true;
	return h;
}

void http_free(struct http *http)
{
	if (http->curl)
		api.cleanup(http->curl);
	free(http);
}

bool http_ranges(const struct http *http)
{
	return http->ranges;
}

static int status_error(long status, const char *url, struct err *err)
{
	bool for_now = status == 408 || status == 425 || status == 429 || status >= 500;

	err_set(err, for_now ? OTA_RETRY : OTA_REFUSED, "%s: the server answers %ld", url, status);
	if (for_now)
		return err_hint(
			err, "run the same command again later: it goes on where it stopped");
	return err_hint(err, "check the source's address and tag");
}

/* curl's word for why, as one of ours: what may pass is retry, what can't is config or refused. */
static int transfer_error(struct http *h, CURLcode rc, const char *url, struct err *err)
{
	const char *why = h->curl_error[0] ? h->curl_error : api.strerror(rc);
	long status = 0;

	switch (rc) {
	case CURLE_HTTP_RETURNED_ERROR:
		api.getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
		return status_error(status, url, err);
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
	case CURLE_TOO_MANY_REDIRECTS:
		err_set(err, OTA_REFUSED, "%s: %s", url, why);
		return err_hint(err, "check the source's address");
	case CURLE_OUT_OF_MEMORY:
		return err_set(err, OTA_FAILED, "%s: out of memory", url);
	default:
		err_set(err, OTA_RETRY, "%s: %s", url, why);
		return err_hint(err, "run the same command again: it goes on where it stopped");
	}
}

int http_get(struct http *h, const char *url, const struct http_range *range,
	const struct sink *sink, struct err *err)
{
	bool part = range->len && (range->offset || range->len != range->file_size);
	char text[64];

	h->range = range;
	h->sink = sink;
	h->err = err;
	h->sink_failed = h->started = false;
	h->to_skip = h->delivered = 0;
	h->content_range[0] = h->curl_error[0] = '\0';
	snprintf(text, sizeof(text), "%ju-%ju", (uintmax_t)range->offset,
		(uintmax_t)(range->offset + range->len - 1));
	/* a redirect may not lead from a secured connection to an open one */
	const char *to = strncmp(url, "https:", 6) ? "http,https" : "https";
	if (api.setopt(h->curl, CURLOPT_URL, url) ||
		api.setopt(h->curl, CURLOPT_REDIR_PROTOCOLS_STR, to) ||
		api.setopt(h->curl, CURLOPT_RANGE, part && h->ranges ? text : NULL))
		return err_set(err, OTA_FAILED, "libcurl does not take %s", url);
	CURLcode rc = api.perform(h->curl);
	h->range = NULL;
	if (interrupt_check(err) < 0)
		return -1;
	if (h->sink_failed)
		return err_wrap(err, "%s", url);
	if (range->len && h->delivered == range->len)
		return 0; /* also where we stopped curl ourselves */
	if (rc == CURLE_OK && range->len == 0)
		return 0;
	if (rc == CURLE_OK) {
		err_set(err, OTA_RETRY, "%s: the answer ends after %ju of %ju bytes", url,
			(uintmax_t)h->delivered, (uintmax_t)range->len);
		return err_hint(err, "run the same command again: it goes on where it stopped");
	}
	return transfer_error(h, rc, url, err);
}
