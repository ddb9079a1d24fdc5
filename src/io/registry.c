/* SPDX-License-Identifier: Apache-2.0 */
#include "io/registry.h"

#include <stdio.h>
#include <string.h>

#include "io/address.h"
#include "io/registry_send.h"

struct registry *registry_open(const struct reference *reference,
	const struct http_options *options, const char *auth_file, struct err *err)
{
	bool plain = address_is_named(reference->host, options);
	struct registry *r = calloc(1, sizeof(*r));

	if (!r) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	r->options = *options;
	strcpy(r->host, reference->host);
	snprintf(r->base, sizeof(r->base), "%s://%s/v2/%s", plain ? "http" : "https", r->host,
		reference->repo);
	r->login.host = r->host;
	if (auth_file && snprintf(r->auth_file, sizeof(r->auth_file), "%s", auth_file) < PATH_MAX)
		r->login.auth_file = r->auth_file;
	r->login.options = &r->options;
	r->http = http_new(options, err);
	if (r->http)
		return r;
	registry_close(r);
	return NULL;
}

void registry_close(struct registry *r)
{
	if (r->http)
		http_free(r->http);
	free(r);
}

struct http *registry_http(const struct registry *r)
{
	return r->http;
}

int registry_url(const struct registry *r, const char *what, const char *name,
	char out[REGISTRY_URL_LEN], struct err *err)
{
	if (snprintf(out, REGISTRY_URL_LEN, "%s/%s/%s", r->base, what, name) < REGISTRY_URL_LEN)
		return 0;
	return err_set(err, OTA_USAGE, "the registry's address is too long");
}

bool registry_has_none(const struct registry *r)
{
	const struct http_answer *a = http_answer(r->http);

	return a->status == 404 && !a->elsewhere;
}

/* What of a range has gone to the sink, which takes no byte twice. */
struct given {
	const struct sink *sink;
	uint64_t bytes;
};

static int give(void *ctx, const void *data, size_t len, struct err *err)
{
	struct given *g = ctx;

	if (g->sink->put(g->sink->ctx, data, len, err) < 0)
		return -1;
	g->bytes += len;
	return 0;
}

/* Asks for the whole, or for what has not come of the range. */
static int ask(struct registry *r, const struct http_request *request,
	const struct http_range *range, struct given *given, struct err *err)
{
	const struct sink counted = {give, given};

	if (!range)
		return http_ask(r->http, request, given->sink, err);
	const struct http_range rest = {
		range->offset + given->bytes, range->len - given->bytes, range->file_size};
	return http_get_range(r->http, request, &rest, &counted, err);
}

/* Only the registry itself is told who asks: neither where it redirects to, nor where it lets
 * upload to. A token may expire on the way, more than once: one that let bytes come was good. */
int registry_send(struct registry *r, struct http_request *request, const struct http_range *range,
	const struct sink *sink, struct err *err)
{
	const struct http_answer *a = http_answer(r->http);
	bool own = address_is_same_server(request->url, r->base);
	struct given given = {.sink = sink};

	for (bool again = false;; again = true) {
		uint64_t before = given.bytes;
		request->authorization = own && r->login.header[0] ? r->login.header : NULL;
		if (ask(r, request, range, &given, err) == 0)
			return 0;
		again = again && given.bytes == before;
		if (!own || a->elsewhere || (a->status != 401 && a->status != 403))
			return -1;
		if (a->status == 403 || again || !a->challenge[0])
			return login_hint(&r->login, err);
		if (login_answer(&r->login, r->http, a->challenge, err) < 0)
			return -1;
	}
}

/* Content-Type without its parameters. */
static void read_type(const char *type, char out[MEDIA_TYPE_LEN])
{
	snprintf(out, MEDIA_TYPE_LEN, "%.*s", (int)strcspn(type, "; "), type);
}

/* Against what was asked for, or what the header says: bytes that got damaged on the way are told
 * as such. */
static int check_digest(
	const char *name, const char *header, const struct digest *digest, struct err *err)
{
	char is[DIGEST_TEXT_LEN];

	digest_text(digest, is);
	if (!strncmp(name, "sha256:", 7) && strcmp(name, is))
		return err_set(err, OTA_CORRUPT, "the manifest's bytes are not that digest's");
	if (!strncmp(header, "sha256:", 7) && strcmp(header, is))
		return err_set(
			err, OTA_CORRUPT, "the manifest's bytes are not those that were announced");
	return 0;
}

static int describe(const struct http_answer *a, const char *name, const struct buf *bytes,
	struct descriptor *d, struct err *err)
{
	read_type(a->type, d->media_type);
	d->size = bytes->len;
	if (!descriptor_is_manifest(d) && !descriptor_is_index(d)) {
		err_set(err, OTA_CORRUPT, "sent '%.60s' where a manifest was asked for",
			d->media_type);
		return err_hint(err, "is that a registry, and no captive portal between?");
	}
	if (bytes->len == 0)
		return err_set(err, OTA_CORRUPT, "sent an empty manifest");
	if (digest_of(bytes->data, bytes->len, &d->digest, err) < 0)
		return -1;
	return check_digest(name, a->digest, &d->digest, err);
}

int registry_manifest(struct registry *r, const char *name, struct buf *out, struct descriptor *d,
	bool *found, struct err *err)
{
	char url[REGISTRY_URL_LEN];
	struct http_request request = {.url = url, .accept = REGISTRY_ACCEPT};
	const struct sink sink = sink_to_buf(out);

	*found = true;
	if (registry_url(r, "manifests", name, url, err) < 0)
		return -1;
	if (registry_send(r, &request, NULL, &sink, err) < 0) {
		*found = !registry_has_none(r);
		return *found ? -1 : 0;
	}
	return describe(http_answer(r->http), name, out, d, err) < 0 ? err_wrap(err, "%s", url) : 0;
}

int registry_referrers(struct registry *r, const struct digest *subject, const char *artifact_type,
	struct buf *out, bool *found, struct err *err)
{
	char url[REGISTRY_URL_LEN], name[DIGEST_TEXT_LEN + MEDIA_TYPE_LEN + 32];
	char digest[DIGEST_TEXT_LEN], type[MEDIA_TYPE_LEN];
	struct http_request request = {.url = url, .accept = MEDIA_TYPE_IMAGE_INDEX};
	const struct sink sink = sink_to_buf(out);

	*found = false;
	digest_text(subject, digest);
	snprintf(name, sizeof(name), "%s%s%s", digest, artifact_type ? "?artifactType=" : "",
		artifact_type ? artifact_type : "");
	if (registry_url(r, "referrers", name, url, err) < 0)
		return -1;
	if (registry_send(r, &request, NULL, &sink, err) < 0)
		return registry_has_none(r) ? 0 : -1;
	read_type(http_answer(r->http)->type, type);
	*found = !strcmp(type, MEDIA_TYPE_IMAGE_INDEX);
	return 0;
}

int registry_stream(struct registry *r, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err)
{
	bool manifest = descriptor_is_manifest(d) || descriptor_is_index(d);
	const struct http_range range = {offset, len, d->size};
	char url[REGISTRY_URL_LEN], digest[DIGEST_TEXT_LEN];
	struct http_request request = {.url = url, .accept = manifest ? REGISTRY_ACCEPT : NULL};

	digest_text(&d->digest, digest);
	if (registry_url(r, manifest ? "manifests" : "blobs", digest, url, err) < 0)
		return -1;
	return registry_send(r, &request, &range, sink, err);
}

void registry_stream_lanes(struct registry *r, const struct descriptor *d, unsigned n,
	const struct http_lanes_user *user)
{
	char url[REGISTRY_URL_LEN], digest[DIGEST_TEXT_LEN];
	const struct http_request request = {
		.url = url, .authorization = r->login.header[0] ? r->login.header : NULL};
	struct err ignored;

	digest_text(&d->digest, digest);
	if (registry_url(r, "blobs", digest, url, &ignored) == 0)
		http_get_lanes(r->http, &request, n, user);
}
