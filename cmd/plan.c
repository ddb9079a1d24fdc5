/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plan.h"

#include <stdio.h>

#include "base/text.h"
#include "cmd/install_json.h"
#include "cmd/output.h"

static uint64_t all_bytes(const struct install_plan *p)
{
	return p->manifest_bytes + p->index_bytes + p->result.moved_bytes;
}

static void say_bytes(struct front *front, const char *what, uint64_t bytes, const char *more)
{
	char text[TEXT_BYTES_LEN];

	text_bytes(bytes, text);
	output_data(front, "%-10s%s%s", what, text, more);
}

static void say_budget(struct front *front, const struct install_plan *p, uint64_t budget)
{
	char taken[TEXT_BYTES_LEN], text[64];

	if (!budget)
		return;
	text_bytes(p->budget_taken_bytes, taken);
	snprintf(text, sizeof(text), ", of which %s are taken", taken);
	say_bytes(front, "budget", budget, text);
}

/* The way that takes the least, and what the image itself would take. */
static void say_way(struct front *front, const struct install_result *r)
{
	char image[TEXT_BYTES_LEN], text[512] = "";

	text_bytes(r->image_bytes, image);
	if (r->way != WAY_IMAGE)
		snprintf(text, sizeof(text), ", %s; the image takes %s", r->reason, image);
	else if (r->reason[0])
		snprintf(text, sizeof(text), ", since %s", r->reason);
	say_bytes(front, r->way == WAY_IMAGE ? "frames" : install_way_name(r->way), r->moved_bytes,
		text);
}

static void say(struct front *front, const struct device *d, const struct source *source,
	const struct install_plan *p)
{
	output_data(front, "%-10s%s", "release", p->result.release.version);
	output_data(front, "%-10s%s, tag %s", "from", source_name(source), source_tag(source));
	say_bytes(front, "manifest", p->manifest_bytes, "");
	say_bytes(front, "index", p->index_bytes, "");
	say_way(front, &p->result);
	if (p->result.already)
		output_data(front, "%-10sall of it, in the store", "there");
	else
		say_bytes(front, "there", p->result.found_bytes, " in the store");
	if (p->result.slot)
		output_data(front, "%-10sslot %c holds it", "", p->result.slot);
	say_budget(front, p, d->budget);
}

static json_t *as_json(const struct device *d, const struct source *source,
	const struct install_plan *p, struct err *err)
{
	const char slot[2] = {p->result.slot, '\0'};
	char digest[DIGEST_TEXT_LEN];

	digest_text(&p->result.manifest.digest, digest);
	return json_make(err,
		"{s:s, s:s, s:s, s:s, s:b, s:s*, s:s, s:s*, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"version", p->result.release.version, "digest", digest, "source",
		source_name(source), "tag", source_tag(source), "already", p->result.already,
		"slot", p->result.slot ? slot : NULL, "way", install_way_name(p->result.way),
		"reason", p->result.reason[0] ? p->result.reason : NULL, "found_bytes",
		(long long)p->result.found_bytes, "manifest_bytes", (long long)p->manifest_bytes,
		"index_bytes", (long long)p->index_bytes, "frame_bytes",
		(long long)p->result.moved_bytes, "moved_bytes", (long long)all_bytes(p),
		"budget_bytes", (long long)d->budget, "budget_taken_bytes",
		(long long)p->budget_taken_bytes);
}

int plan_run(struct front *front, const struct device *d, struct source *source,
	const struct policy_options *options, struct err *err)
{
	struct install_plan plan;

	if (install_plan(d, source, options, &plan, err) < 0)
		return -1;
	say(front, d, source, &plan);
	return output_json(front, as_json(d, source, &plan, err), err);
}
