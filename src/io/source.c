/* SPDX-License-Identifier: Apache-2.0 */
#include "io/source.h"

#include <stdlib.h>
#include <string.h>

#include "io/platform.h"
#include "io/source_ops.h"

#define HINT_TAGS "oci:DIR:TAG, https://HOST/DIR#TAG or docker://HOST/REPO:TAG"
#define HINT_FORMS "a source looks like oci:DIR, " HINT_TAGS

static const struct source_ops *const forms[] = {
	&source_dir, &source_http, &source_https, &source_registry};

static int open_by_form(
	struct source *s, const char *text, const struct source_options *o, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (!strncmp(text, forms[i]->prefix, strlen(forms[i]->prefix))) {
			s->ops = forms[i];
			return s->ops->open(s, text, o, err);
		}
	err_set(err, OTA_USAGE, "'%.100s' is no source", text);
	return err_hint(err, HINT_FORMS);
}

struct source *source_open(const char *text, const struct source_options *options, struct err *err)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	if (open_by_form(s, text, options, err) == 0)
		return s;
	source_close(s);
	return NULL;
}

void source_close(struct source *s)
{
	if (s->ops && s->ops->close)
		s->ops->close(s);
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

bool source_is_renewed(struct source *s, const struct digest *manifest)
{
	struct descriptor now;
	struct err ignored;

	if (!s->http)
		return false;
	buf_free(&s->kept);
	return source_resolve(s, s->tag, &now, &ignored) == 0 &&
	       (http_changed(s->http) || !digest_equal(&now.digest, manifest));
}

bool source_is_remote(const struct source *s)
{
	return s->http != NULL;
}

/* An index is unsigned: it only tells where to look. */
static int choose(struct source *s, struct descriptor *d, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	const struct descriptor index = *d;

	if (source_blob(s, &index, &text, err) < 0)
		return -1;
	return platform_choose(text.data, text.len, &platform_own, d, err);
}

uint64_t source_new_bytes(struct source *s)
{
	uint64_t before = s->told_bytes;

	s->told_bytes = s->http ? http_taken_bytes(s->http) : 0;
	return s->told_bytes - before;
}

void source_set_meter(struct source *s, const struct http_meter *meter)
{
	if (s->http)
		http_set_meter(s->http, meter);
}

static int find_named(struct source *s, const char *tag, struct descriptor *named,
	struct descriptor *d, bool *found, struct err *err)
{
	*found = false;
	if (s->ops->find(s, tag, d, found, err) < 0)
		return -1;
	if (!*found)
		return 0;
	*named = *d;
	if (descriptor_is_index(d) && choose(s, d, err) < 0)
		return err_wrap(err, "%s: tag '%s'", s->place, tag);
	if (descriptor_is_manifest(d))
		return 0;
	return err_set(err, OTA_CORRUPT, "%s: tag '%s' names no image manifest but '%s'", s->place,
		tag, d->media_type);
}

int source_find(
	struct source *s, const char *tag, struct descriptor *d, bool *found, struct err *err)
{
	struct descriptor ignored;

	return find_named(s, tag, &ignored, d, found, err);
}

/* The index under the tag, where others keep what a registry does not. */
static int tagged_referrers(struct source *s, const struct digest *subject, struct buf *text,
	bool *found, struct err *err)
{
	char tag[REFERRERS_TAG_LEN];
	struct descriptor d;

	*found = false;
	text->len = 0;
	referrers_tag(subject, tag);
	if (s->ops->find(s, tag, &d, found, err) < 0)
		return -1;
	*found = *found && descriptor_is_index(&d);
	return *found ? source_blob(s, &d, text, err) : 0;
}

int source_referrers(struct source *s, const struct digest *subject, const char *artifact_type,
	struct referrers *list, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);
	bool found = false;

	list->n = 0;
	if (s->ops->referrers &&
		s->ops->referrers(s, subject, artifact_type, &text, &found, err) < 0)
		return -1;
	if (!found && tagged_referrers(s, subject, &text, &found, err) < 0)
		return -1;
	return found ? referrers_read(text.data, text.len, artifact_type, list, err) : 0;
}

int source_resolve_named(struct source *s, const char *tag, struct descriptor *named,
	struct descriptor *d, struct err *err)
{
	bool found;

	if (find_named(s, tag, named, d, &found, err) < 0)
		return -1;
	if (found)
		return 0;
	err_set(err, OTA_REFUSED, "there is no tag '%s'", tag);
	return err_hint(err, "name one that is there: " HINT_TAGS);
}

int source_resolve(struct source *s, const char *tag, struct descriptor *d, struct err *err)
{
	struct descriptor ignored;

	return source_resolve_named(s, tag, &ignored, d, err);
}

int source_stream(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err)
{
	return s->ops->stream(s, d, offset, len, sink, err);
}

unsigned source_lanes(const struct source *s)
{
	return s->ops->lanes ? http_lanes(s->http) : 1;
}

void source_stream_lanes(struct source *s, const struct descriptor *d, unsigned n,
	const struct http_lanes_user *user)
{
	s->ops->lanes(s, d, n, user);
}

static int damaged(const struct source *s, const char *name, struct err *err)
{
	err_set(err, OTA_CORRUPT, "%s/blobs: the bytes of %s are not that digest's", s->place,
		name);
	return err_hint(err, "it is damaged there: copy the whole release there again");
}

int source_blob(struct source *s, const struct descriptor *d, struct buf *out, struct err *err)
{
	const struct sink sink = sink_to_buf(out);
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
