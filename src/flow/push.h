/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying what a tag of a layout names into a registry, with its signatures and what refers to it.
 */
#ifndef OTA_FLOW_PUSH_H
#define OTA_FLOW_PUSH_H

#include "io/progress.h"
#include "io/source.h"

struct push_result {
	struct descriptor manifest;
	bool is_signed;
	bool already; /* all of it was there: nothing was sent */
	size_t n_referrers;
	size_t n_unsigned;    /* of these: deltas that nobody signed */
	uint64_t total_bytes; /* of all blobs */
	uint64_t sent_bytes;
};

/* Sends what the registry lacks, each blob after its bytes were checked: blobs first, then
 * manifests, and last the one under `target`'s tag, so that who finds that finds all. `layout` is
 * "DIR[:TAG]", `target` "docker://HOST/REPO[:TAG]". Errors: usage, refused (also: no such tag in
 * the layout), corrupt, retry (the same call goes on where it stopped), io, interrupted. */
int push_release(const char *layout, const char *target, const struct source_options *options,
	const struct progress *progress, struct push_result *result, struct err *err) MUST_USE;

#endif
