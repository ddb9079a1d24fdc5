/* SPDX-License-Identifier: Apache-2.0 */
#include "io/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "io/layout.h"

#define CHUNK_BYTES 65536

struct source_ops {
	int (*resolve)(struct source *s, const char *tag, struct descriptor *d, struct err *err);
	int (*stream)(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
		const struct sink *sink, struct err *err);
};

struct source {
	const struct source_ops *ops;
	struct http *http; /* NULL for a folder */
	char place[PATH_MAX];
	char tag[TAG_LEN];
	struct buf index; /* a web server's index.json, once it was read */
};

static int add_to_buf(void *ctx, const void *data, size_t len, struct err *err)
{
	return buf_add(ctx, data, len, err);
}

/* --- a folder --- */

static int dir_resolve(struct source *s, const char *tag, struct descriptor *d, struct err *err)
{
	if (layout_tag_get(s->place, tag, d, err) == 0)
		return 0;
	if (err->code == OTA_IO && !err->hint[0])
		err_hint(err, "is it mounted, and the folder with index.json? ls %s", s->place);
	return -1;
}

static int dir_stream(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err)
{
	AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
	AUTO_FD fd = layout_blob_open(s->place, d, err);

	if (fd < 0)
		return -1;
	if (!chunk)
		return err_set(err, OTA_FAILED, "out of memory");
	while (len > 0) {
		size_t n = len < CHUNK_BYTES ? (size_t)len : CHUNK_BYTES;
		if (interrupt_check(err) < 0 ||
			file_pread(fd, chunk, n, offset, s->place, err) < 0 ||
			sink->put(sink->ctx, chunk, n, err) < 0)
			return -1;
		offset += n;
		len -= n;
	}
	return 0;
}

static const struct source_ops dir_ops = {dir_resolve, dir_stream};

/* --- a web server --- */

static int web_url(const struct source *s, const char *path, char out[PATH_MAX], struct err *err)
{
	return path_join(out, s->place, path, err);
}

/* Read once: release and signature come from one list, whatever is published meanwhile. */
static int read_index(struct source *s, const char *url, struct err *err)
{
	const struct http_range whole = {0};
	const struct sink sink = {add_to_buf, &s->index};

	if (s->index.len > 0 || http_get(s->http, url, &whole, &sink, err) == 0)
		return 0;
	s->index.len = 0;
	return -1;
}

static int web_resolve(struct source *s, const char *tag, struct descriptor *d, struct err *err)
{
	char url[PATH_MAX];

	if (web_url(s, "index.json", url, err) < 0 || read_index(s, url, err) < 0)
		return -1;
	if (layout_index_find(s->index.data ? s->index.data : "", s->index.len, tag, d, err) == 0)
		return 0;
	err_wrap(err, "%s", url);
	if (err->code == OTA_CORRUPT)
		err_hint(
			err, "is that a layout made by 'ota pack', and no captive portal between?");
	return -1;
}

static int web_stream(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err)
{
	const struct http_range range = {offset, len, d->size};
	char url[PATH_MAX];

	if (layout_blob_path(s->place, &d->digest, url, err) < 0)
		return -1;
	return http_get(s->http, url, &range, sink, err);
}

static const struct source_ops web_ops = {web_resolve, web_stream};

/* Is the host of an http:// address named? A name without a port covers every port. */
static bool is_named(
	const char *host, size_t host_len, const char *port, const struct source_options *o)
{
	for (size_t i = 0; i < o->n_insecure_http; i++) {
		const char *name = o->insecure_http[i];
		if (strncmp(name, host, host_len))
			continue;
		name += host_len;
		if (!*name || (*name == ':' && !strcmp(name + 1, port)))
			return true;
	}
	return false;
}

static int check_plain_http(const char *text, const struct source_options *o, struct err *err)
{
	const char *host = text + strlen("http://");
	size_t all = strcspn(host, "/#"), host_len = strcspn(host, ":/#");
	char port[8] = "80";

	if (*host == '[')
		host_len = strcspn(host, "]") + 1;
	if (memchr(host, '@', all))
		return err_set(err, OTA_USAGE, "%.100s: no user names in an address", text);
	if (host_len < all && host[host_len] == ':')
		snprintf(
			port, sizeof(port), "%.*s", (int)(all - host_len - 1), host + host_len + 1);
	if (is_named(host, host_len, port, o))
		return 0;
	err_set(err, OTA_CONFIG, "%.100s: http without TLS to a host that is not named", text);
	return err_hint(err, "use https, or name the host: insecure-http = %.*s in [network]",
		(int)host_len, host);
}

static int open_web(
	struct source *s, const char *text, const struct source_options *o, struct err *err)
{
	size_t len = strcspn(text, "#");

	if (!strncmp(text, "http:", 5) && check_plain_http(text, o, err) < 0)
		return -1;
	if (text[len] && !tag_is_sound(text + len + 1))
		return err_set(err, OTA_USAGE, "'%.100s' is not a tag", text + len + 1);
	strcpy(s->tag, text[len] ? text + len + 1 : "latest");
	while (len > 0 && text[len - 1] == '/')
		len--;
	if (len >= sizeof(s->place) - 128)
		return err_set(err, OTA_USAGE, "the source's address is too long");
	snprintf(s->place, sizeof(s->place), "%.*s", (int)len, text);
	s->ops = &web_ops;
	s->http = http_new(&o->http, err);
	return s->http ? 0 : -1;
}

static int open_by_form(
	struct source *s, const char *text, const struct source_options *o, struct err *err)
{
	s->ops = &dir_ops;
	if (!strncmp(text, "oci:", 4))
		return layout_split(text, s->place, s->tag, err);
	if (!strncmp(text, "http://", 7) || !strncmp(text, "https://", 8))
		return open_web(s, text, o, err);
	if (!strncmp(text, "docker://", 9))
		err_set(err, OTA_CONFIG, "%.100s: registries are not built into this version",
			text);
	else
		err_set(err, OTA_USAGE, "'%.100s' is no source", text);
	return err_hint(err, "a source looks like oci:DIR, oci:DIR:TAG or https://HOST/DIR#TAG");
}

struct source *source_open(const char *text, const struct source_options *options, struct err *err)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	s->index = (struct buf)BUF(JSON_MAX_BYTES);
	if (open_by_form(s, text, options, err) == 0)
		return s;
	source_close(s);
	return NULL;
}

void source_close(struct source *s)
{
	if (s->http)
		http_free(s->http);
	buf_free(&s->index);
	free(s);
}

const char *source_name(const struct source *s)
{
	return s->place;
}

const char *source_tag(const struct source *s)
{
	return s->tag;
}

bool source_has_ranges(const struct source *s)
{
	return !s->http || http_ranges(s->http);
}

bool source_is_remote(const struct source *s)
{
	return s->http != NULL;
}

int source_resolve(struct source *s, const char *tag, struct descriptor *d, struct err *err)
{
	if (s->ops->resolve(s, tag, d, err) < 0)
		return -1;
	if (!strcmp(d->media_type, MEDIA_TYPE_MANIFEST))
		return 0;
	return err_set(err, OTA_CORRUPT, "%s: tag '%s' names no image manifest but '%s'", s->place,
		tag, d->media_type);
}

int source_stream(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err)
{
	return s->ops->stream(s, d, offset, len, sink, err);
}

static int damaged(const struct source *s, const char *name, struct err *err)
{
	err_set(err, OTA_CORRUPT, "%s/blobs: the bytes of %s are not that digest's", s->place,
		name);
	return err_hint(err, "it is damaged there: copy the whole release there again");
}

int source_blob(struct source *s, const struct descriptor *d, struct buf *out, struct err *err)
{
	const struct sink sink = {add_to_buf, out};
	char name[DIGEST_TEXT_LEN];
	size_t before = out->len;
	struct digest digest;

	digest_text(&d->digest, name);
	if (d->size == 0 || d->size > out->cap)
		return err_set(err, OTA_CORRUPT, "%s: %ju bytes where 1 to %zu are allowed", name,
			(uintmax_t)d->size, out->cap);
	if (source_stream(s, d, 0, d->size, &sink, err) < 0 ||
		digest_of(out->data + before, out->len - before, &digest, err) < 0)
		return -1;
	if (!digest_equal(&digest, &d->digest))
		return damaged(s, name, err);
	return 0;
}
