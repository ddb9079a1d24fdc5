/* SPDX-License-Identifier: Apache-2.0 */
/* The screen of `ota status`: what matters most stands first, what to type next stands last, where
 * the eye is after the command. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/screen.h"
#include "cmd/services.h"
#include "cmd/status.h"

#define SHORT_DIGEST 12
#define NAME_LEN (VERSION_LEN + 16)
#define ATTEMPTS_LEN 32

/* "slot b (2.0)" */
static const char *name(char slot, const char *version, char out[NAME_LEN])
{
	snprintf(
		out, NAME_LEN, version[0] ? "slot %c (%s)" : "slot %c", slot ? slot : '?', version);
	return out;
}

static const char *slot_name(const struct situation *s, char slot, char out[NAME_LEN])
{
	return name(slot, s->slots[slot - 'a'].version, out);
}

static const char *attempts(const struct boot_env *env, char out[ATTEMPTS_LEN])
{
	unsigned left = boot_attempts_left(env);

	snprintf(out, ATTEMPTS_LEN, left == UINT_MAX ? "attempts without end" : "%u attempt%s",
		left, left == 1 ? "" : "s");
	return out;
}

static void tell_runs(struct front *front, const struct situation *s)
{
	char slot[NAME_LEN];

	if (s->running)
		screen_stress(front, "runs", "%s", slot_name(s, s->running, slot));
	else
		screen_stress(front, "runs", "not known: %s", s->running_err.msg);
}

static void tell_next(struct front *front, const struct situation *s)
{
	char slot[NAME_LEN];

	if (!s->has_env)
		screen_stress(front, "next", "not known: %s", s->env_err.msg);
	else if (s->running && s->state == BOOT_LOST)
		screen_stress(front, "next",
			"not known: the boot environment names %s, but the bootloader does not "
			"follow it",
			slot_name(s, s->env.slot, slot));
	else
		screen_stress(front, "next", "%s", slot_name(s, s->env.slot, slot));
}

static void tell_trial(struct front *front, const struct situation *s)
{
	char left[ATTEMPTS_LEN], other[NAME_LEN];

	if (!s->has_env || !s->env.upgrade_available || (s->running && s->state == BOOT_LOST))
		return;
	attempts(&s->env, left);
	slot_name(s, slot_other(s->env.slot), other);
	if (!s->running)
		screen_tell(front, "trial", "of slot %c: %s left", s->env.slot, left);
	else if (s->state == BOOT_SWAPPED)
		screen_tell(front, "trial", "begins with the reboot: %s, then %s boots again", left,
			other);
	else if (boot_attempts_left(&s->env) == UINT_MAX)
		screen_tell(front, "trial", "%s: only ota rollback ends it", left);
	else if (boot_attempts_left(&s->env))
		screen_tell(front, "trial", "%s left, then %s boots again", left, other);
	else
		screen_tell(front, "trial", "no attempt left: the next boot starts %s", other);
}

/* The contract's words for why a release was left. */
static const char *plain_reason(const char *reason)
{
	static const struct {
		const char *word, *plain;
	} reasons[] = {
		{"check", "a self-test failed"},
		{"watchdog", "the watchdog reset it"},
		{"crash", "it crashed"},
		{"bootcount", "the bootloader gave it up"},
		{"power", "the power failed"},
		{"operator", "somebody called ota rollback"},
		{"unknown", "nobody noted why"},
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reasons[i].word, reason))
			return reasons[i].plain;
	return reason;
}

static void tell_reason(struct front *front, const char *reason, const char *detail)
{
	screen_tell(front, "", "%s%s%s", plain_reason(reason), detail[0] ? ": " : "", detail);
}

/* What will become a rollback, or may: noted on the slot that runs. */
static bool tell_pending(struct front *front, const struct situation *s)
{
	const struct slot_record *r = s->running ? &s->slots[s->running - 'a'] : NULL;
	char slot[NAME_LEN];

	if (!r || !r->reason[0] || !s->has_env)
		return false;
	if (s->state == BOOT_TRIAL)
		screen_tell(front, "failed", "%s", slot_name(s, s->running, slot));
	else if (s->state == BOOT_LEAVING)
		screen_tell(front, "rollback", "at the next boot, from %s",
			slot_name(s, s->running, slot));
	else
		return false;
	tell_reason(front, r->reason, r->detail);
	return true;
}

static void tell_rollback(struct front *front, const struct situation *s)
{
	const struct rollback_record *r = &s->rollback;
	char when[CLOCK_TEXT_LEN] = "before this boot", from[NAME_LEN];

	if (tell_pending(front, s) || !r->happened)
		return;
	/* its time is noted when it is settled */
	if (s->state != BOOT_FELL_BACK)
		clock_format(r->when_utc_s, when);
	screen_tell(front, "rollback", "%s, from %s", when, name(r->from, r->version, from));
	tell_reason(front, r->reason, r->detail);
}

static void tell_waiting(struct front *front, const struct device_status *status)
{
	const struct situation *s = &status->s;

	if (advice_fetched_waits(status) || (status->has_fetched && !(s->running && s->has_env)))
		screen_tell(front, "waits", "release %s, fetched%s", status->fetched_version,
			status->fetched_bad
				? "; it failed here before: ota write --retry tries it again"
				: "");
	if (advice_proved_waits(status))
		screen_tell(front, "waits", "release %s, proved in slot %c",
			s->slots[slot_other(s->running) - 'a'].version, slot_other(s->running));
}

/* One entry a slot; whatever else is noted of it goes on below, with a label of "". */
static void tell_slot(
	struct front *front, const struct device *d, const struct situation *s, char slot)
{
	const struct slot_record *r = &s->slots[slot - 'a'];
	const char label[] = {'s', 'l', 'o', 't', ' ', slot, '\0'};
	char digest[DIGEST_HEX_LEN] = "-";

	if (r->has_digest)
		digest_hex(&r->digest, digest);
	screen_tell(front, label, "%-8s %-20s %.*s", slot_state_name(r->state),
		r->version[0] ? r->version : "-",
		front->options.verbose ? DIGEST_HEX_LEN : SHORT_DIGEST, digest);
	screen_tell(front, "", "%s", d->slots[slot - 'a']);
}

static int tell_service(void *ctx, const struct service_view *v, struct err *err)
{
	struct front *front = ctx;
	char name[APP_TEXT_LEN];

	(void)err;
	screen_tell(front, "service", "%-20s %s", v->name, services_word(v));
	if (app_has(&v->app.current))
		screen_tell(front, "", "%s", app_text(&v->app.current, name));
	if (app_has(&v->app.failed))
		screen_tell(
			front, "", "failed: %s", v->app.reason[0] ? v->app.reason : "rolled back");
	return 0;
}

void status_tell(struct front *front, const struct device *d, const struct device_status *status,
	const struct advice *advice)
{
	struct err ignored;

	tell_runs(front, &status->s);
	tell_next(front, &status->s);
	tell_trial(front, &status->s);
	tell_rollback(front, &status->s);
	tell_waiting(front, status);
	tell_slot(front, d, &status->s, 'a');
	tell_slot(front, d, &status->s, 'b');
	if (services_each(front, tell_service, front, &ignored) < 0)
		screen_tell(front, "service", "unknown: %s", ignored.msg);
	if (!advice->command[0]) {
		screen_tell(front, "to do", "nothing: all is well");
		return;
	}
	screen_stress(front, "to do", "%s", advice->command);
	screen_tell(front, "", "%s", advice->why);
}
