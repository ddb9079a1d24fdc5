/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What registry.c, which reads, gives upload.c, which writes.
 */
#ifndef OTA_IO_REGISTRY_SEND_H
#define OTA_IO_REGISTRY_SEND_H

#include "io/login.h"
#include "io/registry.h"

#define REGISTRY_URL_LEN 8192

struct registry {
	struct http *http;
	struct http_options options;
	char host[REFERENCE_HOST_LEN];
	char base[640]; /* the URL of the repository */
	char auth_file[PATH_MAX];
	struct login login;
};

#define REGISTRY_ACCEPT                                                                            \
	MEDIA_TYPE_MANIFEST ", " MEDIA_TYPE_IMAGE_INDEX ", " MEDIA_TYPE_DOCKER_MANIFEST            \
			    ", " MEDIA_TYPE_DOCKER_LIST

/* Sends a request, and once more where the registry wants to know who asks; the rest of a range as
 * often as a token expires on its way. range NULL: the whole, whatever its size. */
int registry_send(struct registry *r, struct http_request *request, const struct http_range *range,
	const struct sink *sink, struct err *err) MUST_USE;

/* The URL of "manifests", "blobs" or "referrers" / name below the repository. */
int registry_url(const struct registry *r, const char *what, const char *name,
	char out[REGISTRY_URL_LEN], struct err *err) MUST_USE;

/* Did the registry itself say that there is no such thing? */
bool registry_has_none(const struct registry *r);

#endif
