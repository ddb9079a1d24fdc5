/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into a registry; the other half of registry.h. */
#include <stdio.h>
#include <string.h>

#include "io/address.h"
#include "io/registry_send.h"

/* HEAD, where "there is none" is an answer. */
static int head(
	struct registry *r, const char *url, const char *accept, bool *there, struct err *err)
{
	struct http_request request = {.method = HTTP_HEAD, .url = url, .accept = accept};

	*there = registry_send(r, &request, NULL, NULL, err) == 0;
	return *there || registry_has_none(r) ? 0 : -1;
}

int registry_has_blob(struct registry *r, const struct descriptor *d, bool *has, struct err *err)
{
	char url[REGISTRY_URL_LEN], digest[DIGEST_TEXT_LEN];

	digest_text(&d->digest, digest);
	if (registry_url(r, "blobs", digest, url, err) < 0 || head(r, url, NULL, has, err) < 0)
		return -1;
	int64_t length = http_answer(r->http)->length;
	*has = *has && (length < 0 || (uint64_t)length == d->size);
	return 0;
}

int registry_has_manifest(struct registry *r, const char *name, const struct descriptor *d,
	bool *has, struct err *err)
{
	char url[REGISTRY_URL_LEN], digest[DIGEST_TEXT_LEN];

	digest_text(&d->digest, digest);
	if (registry_url(r, "manifests", name, url, err) < 0 ||
		head(r, url, REGISTRY_ACCEPT, has, err) < 0)
		return -1;
	*has = *has && !strcmp(http_answer(r->http)->digest, digest);
	return 0;
}

/* Where the registry lets upload to, with the digest behind it. It may be a path on the same host.
 */
static int upload_url(
	const struct registry *r, const char *digest, char out[REGISTRY_URL_LEN], struct err *err)
{
	const char *location = http_answer(r->http)->location;
	bool path = location[0] == '/';
	int server = path ? (int)address_server_len(r->base) : 0;
	bool secured = !strncmp(r->base, "https://", 8);

	int len = snprintf(out, REGISTRY_URL_LEN, "%.*s%s%cdigest=%s", server, r->base, location,
		strchr(location, '?') ? '&' : '?', digest);
	if (len >= REGISTRY_URL_LEN || !address_is_allowed(out, &r->options) ||
		(secured && strncmp(out, "https://", 8)))
		return err_set(
			err, OTA_REFUSED, "%s lets upload only to where there is no TLS", r->host);
	return 0;
}

int registry_put_blob(struct registry *r, const struct descriptor *d, const struct http_body *body,
	struct err *err)
{
	char start[REGISTRY_URL_LEN], to[REGISTRY_URL_LEN], digest[DIGEST_TEXT_LEN];
	struct http_request post = {.method = HTTP_POST, .url = start};
	struct http_request put = {.method = HTTP_PUT, .url = to, .body = body};

	digest_text(&d->digest, digest);
	if (registry_url(r, "blobs", "uploads/", start, err) < 0 ||
		registry_send(r, &post, NULL, NULL, err) < 0 || upload_url(r, digest, to, err) < 0)
		return -1;
	return registry_send(r, &put, NULL, NULL, err);
}

static int take(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	const struct buf *bytes = ctx;

	(void)err;
	memcpy(data, bytes->data + offset, len);
	return 0;
}

int registry_put_manifest(struct registry *r, const char *name, const struct descriptor *d,
	const struct buf *bytes, struct err *err)
{
	char url[REGISTRY_URL_LEN];
	const struct http_body body = {take, (void *)bytes, bytes->len, d->media_type};
	struct http_request request = {.method = HTTP_PUT, .url = url, .body = &body};

	if (registry_url(r, "manifests", name, url, err) < 0)
		return -1;
	return registry_send(r, &request, NULL, NULL, err);
}
