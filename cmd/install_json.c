/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/install_json.h"

const char *install_way_name(enum install_way way)
{
	static const char *const names[] = {
		[WAY_IMAGE] = "image", [WAY_DELTA] = "delta", [WAY_REUSE] = "reuse"};

	return names[way];
}

json_t *install_json(const struct install_result *r, struct err *err)
{
	const char slot[2] = {r->slot, '\0'};
	char digest[DIGEST_TEXT_LEN];

	digest_text(&r->manifest.digest, digest);
	return json_make(err, "{s:s, s:s, s:s*, s:b, s:s, s:s*, s:I, s:I, s:I}", "version",
		r->release.version, "digest", digest, "slot", r->slot ? slot : NULL, "already",
		r->already, "way", install_way_name(r->way), "reason",
		r->reason[0] ? r->reason : NULL, "found_bytes", (long long)r->found_bytes,
		"moved_bytes", (long long)r->moved_bytes, "whole_bytes", (long long)r->whole_bytes);
}
