/* SPDX-License-Identifier: Apache-2.0 */
/* A source that is a repository of a registry. */
#include <stdio.h>
#include <string.h>

#include "io/registry.h"
#include "io/source_ops.h"

static int open_registry(
	struct source *s, const char *text, const struct source_options *o, struct err *err)
{
	struct reference reference;

	if (reference_parse(text, &reference, err) < 0)
		return -1;
	snprintf(s->place, sizeof(s->place), REFERENCE_PREFIX "%s/%s", reference.host,
		reference.repo);
	strcpy(s->tag, reference.name);
	s->registry = registry_open(&reference, &o->http, o->auth_file, err);
	if (!s->registry)
		return -1;
	s->http = registry_http(s->registry);
	return 0;
}

static void close_registry(struct source *s)
{
	if (s->registry)
		registry_close(s->registry);
	buf_free(&s->kept);
}

/* A registry gives a manifest when it is asked what a tag names: it is kept until it is read. */
static int find(
	struct source *s, const char *tag, struct descriptor *d, bool *found, struct err *err)
{
	buf_free(&s->kept);
	s->kept = (struct buf)BUF(JSON_MAX_BYTES);
	s->kept_as.size = 0;
	if (registry_manifest(s->registry, tag, &s->kept, d, found, err) < 0)
		return -1;
	if (*found)
		s->kept_as = *d;
	return 0;
}

static int referrers(struct source *s, const struct digest *subject, const char *artifact_type,
	struct buf *out, bool *found, struct err *err)
{
	return registry_referrers(s->registry, subject, artifact_type, out, found, err);
}

static int stream(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err)
{
	if (s->kept_as.size == d->size && digest_equal(&s->kept_as.digest, &d->digest))
		return sink->put(sink->ctx, s->kept.data + offset, (size_t)len, err);
	return registry_stream(s->registry, d, offset, len, sink, err);
}

static void lanes(struct source *s, const struct descriptor *d, unsigned n,
	const struct http_lanes_user *user)
{
	registry_stream_lanes(s->registry, d, n, user);
}

const struct source_ops source_registry = {
	REFERENCE_PREFIX, open_registry, close_registry, find, referrers, stream, lanes};
