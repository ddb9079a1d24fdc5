/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One repository of a registry, by the OCI distribution protocol: manifests by tag or digest, blobs
 * by digest, both ways. A registry on a host that is named in insecure-http is spoken to over http.
 *
 * `name` is a tag or "sha256:HEX". What is given is unverified unless said otherwise. Errors of all
 * requests: refused (401, 403 and other statuses that are final), retry, corrupt, interrupted.
 */
#ifndef OTA_IO_REGISTRY_H
#define OTA_IO_REGISTRY_H

#include "io/descriptor.h"
#include "io/http_lanes.h"
#include "io/reference.h"

struct registry;

/* auth_file: credentials, see authfile.h; NULL: none. What the options point to must outlive the
 * registry; nothing is asked yet. Errors: those of http_new(). */
struct registry *registry_open(const struct reference *reference,
	const struct http_options *options, const char *auth_file, struct err *err) MUST_USE;
void registry_close(struct registry *r);

/* The connection, to ask whether it has ranges. */
struct http *registry_http(const struct registry *r);

/* Appends a manifest or index and tells what it is; that there is none is no error. Its digest is
 * its bytes', and what was asked for where that was a digest. */
int registry_manifest(struct registry *r, const char *name, struct buf *out, struct descriptor *d,
	bool *found, struct err *err) MUST_USE;

/* Appends the index of what refers to a manifest by its subject, if the registry keeps one: of one
 * artifactType (which it may heed or not), of all where that is NULL. */
int registry_referrers(struct registry *r, const struct digest *subject, const char *artifact_type,
	struct buf *out, bool *found, struct err *err) MUST_USE;

/* Gives a part of a blob, or of a manifest whose digest is known, to the sink. */
int registry_stream(struct registry *r, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err) MUST_USE;

/* The same for parts of a blob on n lanes, with what the registry let us in with last; see
 * io/http_lanes.h. */
void registry_stream_lanes(struct registry *r, const struct descriptor *d, unsigned n,
	const struct http_lanes_user *user);

/* Is this very blob there, or this very manifest under that name? */
int registry_has_blob(
	struct registry *r, const struct descriptor *d, bool *has, struct err *err) MUST_USE;
int registry_has_manifest(struct registry *r, const char *name, const struct descriptor *d,
	bool *has, struct err *err) MUST_USE;

/* Uploads a blob; the registry compares the digest. */
int registry_put_blob(struct registry *r, const struct descriptor *d, const struct http_body *body,
	struct err *err) MUST_USE;

/* Puts a manifest or index, of the media type that d tells, under a name. */
int registry_put_manifest(struct registry *r, const char *name, const struct descriptor *d,
	const struct buf *bytes, struct err *err) MUST_USE;

static inline void cleanup_registry(struct registry **r)
{
	if (*r)
		registry_close(*r);
}

#define AUTO_REGISTRY CLEANUP(cleanup_registry) struct registry

#endif
