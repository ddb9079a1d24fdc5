/* SPDX-License-Identifier: Apache-2.0 */
/* A source that is a layout on a web server. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "io/address.h"
#include "io/source_ops.h"

static int open_web(
	struct source *s, const char *text, const struct source_options *o, struct err *err)
{
	size_t len = strcspn(text, "#");

	if (address_check(text, &o->http, err) < 0)
		return -1;
	if (text[len] && !tag_is_sound(text + len + 1))
		return err_set(err, OTA_USAGE, "'%.100s' is not a tag", text + len + 1);
	strcpy(s->tag, text[len] ? text + len + 1 : "latest");
	while (len > 0 && text[len - 1] == '/')
		len--;
	if (len >= sizeof(s->place) - 128)
		return err_set(err, OTA_USAGE, "the source's address is too long");
	snprintf(s->place, sizeof(s->place), "%.*s", (int)len, text);
	s->http = http_new(&o->http, err);
	return s->http ? 0 : -1;
}

static void close_web(struct source *s)
{
	if (s->http)
		http_free(s->http);
	buf_free(&s->kept);
}

/* Read once: release and signature come from one list, whatever is published meanwhile. */
static int read_index(struct source *s, const char *url, struct err *err)
{
	const struct http_request request = {.url = url};

	if (s->kept.len > 0)
		return 0;
	s->kept = (struct buf)BUF(JSON_MAX_BYTES);
	return http_get_small(s->http, &request, &s->kept, err);
}

static int find(
	struct source *s, const char *tag, struct descriptor *d, bool *found, struct err *err)
{
	char url[PATH_MAX];

	if (path_join(url, s->place, "index.json", err) < 0 || read_index(s, url, err) < 0)
		return -1;
	const char *text = s->kept.data ? s->kept.data : "";
	*found = layout_index_find(text, s->kept.len, tag, d, err) == 0;
	if (*found || err->code == OTA_REFUSED)
		return 0;
	err_wrap(err, "%s", url);
	return err_hint(err, "is that a layout made by 'ota pack', and no captive portal between?");
}

static int stream(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err)
{
	const struct http_range range = {offset, len, d->size};
	char url[PATH_MAX];
	const struct http_request request = {.url = url};

	if (layout_blob_path(s->place, &d->digest, url, err) < 0)
		return -1;
	return http_get_range(s->http, &request, &range, sink, err);
}

static void lanes(struct source *s, const struct descriptor *d, unsigned n,
	const struct http_lanes_user *user)
{
	char url[PATH_MAX];
	const struct http_request request = {.url = url};
	struct err ignored;

	if (layout_blob_path(s->place, &d->digest, url, &ignored) == 0)
		http_get_lanes(s->http, &request, n, user);
}

const struct source_ops source_http = {"http://", open_web, close_web, find, NULL, stream, lanes};
const struct source_ops source_https = {"https://", open_web, close_web, find, NULL, stream, lanes};
