/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/device.h"
#include "cmd/output.h"
#include "flow/status.h"

#define TEXT_COLUMNS 71 /* of 80, behind the first column of words */

static const char *known(char slot)
{
	return slot == 'a' ? "a" : slot == 'b' ? "b" : NULL;
}

static bool on_trial(const struct situation *s)
{
	return s->running && s->has_env && s->state == BOOT_TRIAL;
}

/* --- for people --- */

static void tell_slot(
	struct front *front, const struct device *d, const struct situation *s, char slot)
{
	const struct slot_record *r = &s->slots[slot - 'a'];
	char digest[DIGEST_HEX_LEN] = "", marks[32];

	if (r->has_digest)
		digest_hex(&r->digest, digest);
	snprintf(marks, sizeof(marks), "%s%s%s", s->running == slot ? "runs" : "",
		s->running == slot && s->has_env && s->env.slot == slot ? ", " : "",
		s->has_env && s->env.slot == slot ? "boots next" : "");
	output_data(front, "slot %c   %-8s %-20s %-12.12s %s", slot, slot_state_name(r->state),
		r->version[0] ? r->version : "-", digest[0] ? digest : "-", marks);
	output_detail(front, "         %s", d->slots[slot - 'a']);
}

static void tell_state(struct front *front, const struct situation *s)
{
	unsigned left = boot_attempts_left(&s->env);

	if (!s->running || !s->has_env)
		return;
	switch (s->state) {
	case BOOT_SETTLED:
	case BOOT_FELL_BACK:
		output_data(front, "boot     settled");
		break;
	case BOOT_SWAPPED:
		output_data(front,
			"boot     slot %c is next, on trial with %u attempts: reboot now",
			s->env.slot, left);
		break;
	case BOOT_TRIAL:
		output_data(front,
			"boot     on trial, %u attempts left: ota commit keeps it, ota rollback "
			"not",
			left);
		break;
	case BOOT_LEAVING:
		output_data(front, "boot     going back to slot %c: reboot now", s->env.slot);
		break;
	case BOOT_LOST:
	case BOOT_STATE_COUNT:
		output_data(front, "boot     the bootloader does not follow its environment");
		break;
	}
}

/* Broken at blanks, for a serial console. */
static void tell_wrapped(struct front *front, const char *text)
{
	while (*text) {
		size_t len = strlen(text);

		if (len > TEXT_COLUMNS) {
			len = TEXT_COLUMNS;
			while (len > 1 && text[len] != ' ')
				len--;
			if (len == 1)
				len = TEXT_COLUMNS;
		}
		output_data(front, "         %.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

static void tell_rollback(struct front *front, const struct rollback_record *r)
{
	char when[CLOCK_TEXT_LEN];

	if (!r->happened)
		return;
	clock_format(r->when_utc_s, when);
	output_data(front, "rollback %s from slot %c (%s) to %c: %s", when, r->from,
		r->version[0] ? r->version : "?", r->to, r->reason);
	tell_wrapped(front, r->detail);
}

static void tell(struct front *front, const struct device *d, const struct device_status *status)
{
	tell_slot(front, d, &status->s, 'a');
	tell_slot(front, d, &status->s, 'b');
	tell_state(front, &status->s);
	if (status->has_fetched)
		output_data(front, "fetched  %s", status->fetched_version);
	tell_rollback(front, &status->s.rollback);
}

/* --- for programs --- */

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

static json_t *as_json(const struct device *d, const struct device_status *status, struct err *err)
{
	const struct situation *s = &status->s;
	unsigned left = s->has_env ? boot_attempts_left(&s->env) : 0;

	return json_make(err, "{s:o, s:o, s:b, s:I, s:{s:o, s:o}, s:o, s:o, s:[]}", "running",
		text_json(known(s->running), err), "next",
		text_json(s->has_env ? known(s->env.slot) : NULL, err), "trial", on_trial(s),
		"attempts_left", (long long)left, "slots", "a",
		slot_json(&s->slots[0], d->slots[0], err), "b",
		slot_json(&s->slots[1], d->slots[1], err), "fetched", fetched_json(status, err),
		"rollback", rollback_json(&s->rollback, err), "services");
}

/* What is known is told even where something is not; that is then the step's failure. */
static int run(struct front *front, void *args, int argc, char **argv, struct err *err)
{
	struct device_facts facts;
	struct device_status status;

	(void)args, (void)argc, (void)argv;
	if (device_read(front, &facts, err) < 0)
		return -1;
	status_read(&facts.device, &status);
	tell(front, &facts.device, &status);
	if (output_json(front, as_json(&facts.device, &status, err), err) < 0)
		return -1;
	return situation_require(&status.s, err);
}

const struct command cmd_status = {
	.name = "status",
	.synopsis = "",
	.summary = "slots, versions, what boots next and why; changes nothing",
	.run = run,
};
