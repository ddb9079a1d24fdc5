/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SOURCE: where releases come from. `oci:DIR[:TAG]` is an image layout in a folder,
 * `http[s]://HOST[:PORT][/DIR][#TAG]` the same layout on a web server,
 * `docker://HOST[:PORT]/REPO[:TAG|@DIGEST]` a repository of a registry.
 *
 * Nothing that a source gives is trusted: the caller verifies. Reads go through one thread.
 */
#ifndef OTA_IO_SOURCE_H
#define OTA_IO_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/descriptor.h"
#include "io/http_lanes.h"
#include "io/referrers.h"
#include "io/sink.h"

struct source;

struct source_options {
	struct http_options http;
	const char *auth_file; /* credentials for registries, see authfile.h; NULL: none */
};

/* Opens one by its text; nothing is read yet. What the options point to must outlive it. Errors:
 * usage (no such form), config (plain http to a host that is not named, libcurl missing). */
struct source *source_open(
	const char *text, const struct source_options *options, struct err *err) MUST_USE;
void source_close(struct source *s);

/* The text it was opened by, without the tag, and its tag ("latest" where none was given), or the
 * digest that a registry's source may name in its place. */
const char *source_name(const struct source *s);
const char *source_tag(const struct source *s);

/* Looks for the manifest of a tag; that there is no such tag is no error. Of an index, it is that
 * for this machine's platform. The list of a web server is read once, so that all tags that are
 * found are of one state. Errors: refused (401, 403, no such server's list), retry, corrupt, io. */
int source_find(struct source *s, const char *tag, struct descriptor *d, bool *found,
	struct err *err) MUST_USE;

/* As source_find(), where a tag that is not there is an error, too: refused. */
int source_resolve(
	struct source *s, const char *tag, struct descriptor *d, struct err *err) MUST_USE;

/* The same, and what the tag itself names: an index where there is one, else the manifest. */
int source_resolve_named(struct source *s, const char *tag, struct descriptor *named,
	struct descriptor *d, struct err *err) MUST_USE;

/* The manifests of an artifactType whose `subject` is this one, by what the registry knows or by
 * the tag "sha256-HEX". Unsigned, as all here: hints where to look. Errors: those of source_find().
 */
int source_referrers(struct source *s, const struct digest *subject, const char *artifact_type,
	struct referrers *list, struct err *err) MUST_USE;

/* Appends a whole small blob; size and digest are compared. Errors: corrupt, also where the size
 * is over the buffer's cap (before any byte is read), refused, retry, io. */
int source_blob(
	struct source *s, const struct descriptor *d, struct buf *out, struct err *err) MUST_USE;

/* Gives len bytes from offset of a blob to the sink, unverified. */
int source_stream(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err) MUST_USE;

/* How many parts of a blob are worth being asked for at once; 1: one after the other. */
unsigned source_lanes(const struct source *s);

/* Gives parts of a blob on n lanes, unverified, until there are no more or until it gives up: what
 * is missing then is left to source_stream(). */
void source_stream_lanes(struct source *s, const struct descriptor *d, unsigned n,
	const struct http_lanes_user *user);

/* False for a server that only gives whole files: a range from it costs what lies before. */
bool source_has_ranges(const struct source *s);

/* After a failure: is it of no use any more what was read of the source, since its tag names
 * another manifest by now, or a file was replaced while it was read? Asks for the tag anew. */
bool source_is_renewed(struct source *s, const struct digest *manifest);

/* Does what it gives cross the network? */
bool source_is_remote(const struct source *s);

/* What it has given over the network since this was asked last, and who is told of what comes; see
 * http.h. Nothing for a folder. */
uint64_t source_new_bytes(struct source *s);
void source_set_meter(struct source *s, const struct http_meter *meter);

static inline void cleanup_source(struct source **s)
{
	if (*s)
		source_close(*s);
}

#define AUTO_SOURCE CLEANUP(cleanup_source) struct source

#endif
