/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cmd/status.h"

static const char *known(char slot)
{
	return slot == 'a' ? "a" : slot == 'b' ? "b" : NULL;
}

static bool on_trial(const struct situation *s)
{
	return s->running && s->has_env && s->state == BOOT_TRIAL;
}

static json_t *digest_json(bool has, const struct digest *digest, struct err *err)
{
	char text[DIGEST_TEXT_LEN];

	if (!has)
		return json_make(err, "n");
	digest_text(digest, text);
	return json_make(err, "s", text);
}

/* What is not known is null, never an empty word. */
static json_t *text_json(const char *text, struct err *err)
{
	return text && text[0] ? json_make(err, "s", text) : json_make(err, "n");
}

static json_t *slot_json(const struct slot_record *r, const char *device, struct err *err)
{
	return json_make(err, "{s:s, s:o, s:o, s:s}", "state", slot_state_name(r->state), "version",
		text_json(r->version, err), "digest", digest_json(r->has_digest, &r->digest, err),
		"device", device);
}

static json_t *fetched_json(const struct device_status *status, struct err *err)
{
	if (!status->has_fetched)
		return json_make(err, "n");
	return json_make(err, "{s:s, s:o}", "version", status->fetched_version, "digest",
		digest_json(true, &status->fetched_digest, err));
}

static json_t *rollback_json(const struct rollback_record *r, struct err *err)
{
	char when[CLOCK_TEXT_LEN];

	if (!r->happened)
		return json_make(err, "n");
	clock_format(r->when_utc_s, when);
	return json_make(err, "{s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "when", when, "from",
		text_json(known(r->from), err), "to", text_json(known(r->to), err), "version",
		text_json(r->version, err), "digest", digest_json(r->has_digest, &r->digest, err),
		"reason", r->reason, "detail", r->detail);
}

json_t *status_json(const struct device *d, const struct device_status *status,
	const struct advice *advice, json_t *services, struct err *err)
{
	const struct situation *s = &status->s;
	unsigned left = s->has_env ? boot_attempts_left(&s->env) : 0;

	return json_make(err, "{s:o, s:o, s:b, s:I, s:{s:o, s:o}, s:o, s:o, s:o, s:o}", "running",
		text_json(known(s->running), err), "next",
		text_json(s->has_env ? known(s->env.slot) : NULL, err), "trial", on_trial(s),
		"attempts_left", (long long)left, "slots", "a",
		slot_json(&s->slots[0], d->slots[0], err), "b",
		slot_json(&s->slots[1], d->slots[1], err), "fetched", fetched_json(status, err),
		"rollback", rollback_json(&s->rollback, err), "advice",
		text_json(advice->command, err), "services", services);
}
