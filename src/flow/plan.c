/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/plan.h"

#include "flow/accept.h"
#include "flow/bring.h"
#include "flow/budget.h"
#include "io/layout.h"

static uint64_t small_bytes(const struct authentic *a)
{
	const struct signatures *s = &a->signatures;
	uint64_t bytes = a->manifest_bytes.len + a->config_bytes.len + s->manifest_bytes.len +
			 s->config_bytes.len;

	for (size_t i = 0; i < s->n; i++)
		bytes += s->items[i].payload.len;
	return bytes;
}

/* An index that several images share comes once. */
static bool is_first(const struct release *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (digest_equal(&r->images[k].index.digest, &r->images[i].index.digest))
			return false;
	return true;
}

static uint64_t index_bytes(const struct device *d, const struct release *r)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < r->n_images; i++)
		if (is_first(r, i) && !layout_blob_exists(d->store, &r->images[i].index))
			bytes += r->images[i].index.size;
	return bytes;
}

static char slot_with(const struct situation *s, const struct release *r)
{
	for (char slot = 'a'; slot <= 'b'; slot++) {
		const struct slot_record *record = &s->slots[slot - 'a'];
		if ((record->state == SLOT_PROVED || record->state == SLOT_GOOD) &&
			record->has_digest && digest_equal(&record->content, &r->content))
			return slot;
	}
	return '\0';
}

int install_plan(const struct device *d, struct source *source,
	const struct policy_options *options, struct install_plan *plan, struct err *err)
{
	AUTO_AUTHENTIC a = AUTHENTIC;
	struct situation s;

	*plan = (struct install_plan){0};
	situation_read(d, &s);
	if (accept_newer(d, &s, source, options, &a, err) < 0)
		return -1;
	accept_result(&a, &plan->result);
	plan->result.slot = slot_with(&s, &a.release);
	plan->result.already = bring_is_done(d, &a);
	if (d->budget && budget_taken(d, &a.release.content, &plan->budget_taken_bytes, err) < 0)
		return -1;
	if (plan->result.already)
		return 0;
	const struct bring b = {
		.d = d, .source = source, .release = &a.release, .running = s.running, .dry = true};
	AUTO_WAY way = {0};
	if (signatures_load_config(source, &a.signatures, err) < 0 ||
		bring_plan(&b, &plan->result, err) < 0 ||
		way_choose(&b, &a, &s, &way, &plan->result, err) < 0)
		return -1;
	plan->manifest_bytes = small_bytes(&a);
	plan->index_bytes = index_bytes(d, &a.release);
	return 0;
}
