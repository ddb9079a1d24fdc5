/* SPDX-License-Identifier: Apache-2.0 */
/* bootswap and rollback; boot.h tells what they promise. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "flow/bootfiles.h"

/* Notes in which boot the other slot was made next. Written before the environment: a machine that
 * was restarted since, and still runs the old slot, does not follow its environment. */
static int note_swap(struct turn *t, char slot, struct err *err)
{
	struct slot_record *r = situation_slot(&t->s, slot);

	strcpy(r->swapped_boot_id, t->s.boot_id);
	r->reason[0] = r->detail[0] = '\0';
	return turn_note(t, slot, err);
}

/* May this slot be tried? What was good once may be below what was committed since. */
static int check_epoch(const struct turn *t, char slot, enum ota_code code, struct err *err)
{
	uint64_t has = t->s.slots[slot - 'a'].epoch, committed = situation_epoch(&t->s);

	if (has >= committed)
		return 0;
	err_set(err, code, "slot %c has epoch %ju, and this device has committed %ju", slot,
		(uintmax_t)has, (uintmax_t)committed);
	return err_hint(err, "there is no way back below an epoch; a newer release: ota check");
}

/* For bootswap, and for a rollback from a settled device: the other slot is to be tried. */
static int prepare_other(struct turn *t, const struct progress *progress, struct err *err)
{
	char other = slot_other(t->s.running);
	bool made;

	if (turn_check_store(t, err) < 0 || turn_prove(t, other, progress, err) < 0 ||
		bootfiles_ensure(t, other, progress, &made, err) < 0)
		return -1;
	return note_swap(t, other, err);
}

static int swap(struct turn *t, bool force, const struct progress *progress,
	struct boot_result *result, struct err *err)
{
	const struct step step = turn_step(t, "bootswap", slot_other(t->s.running));

	/* asked again: proving a slot may have taken minutes */
	if (hooks_before(&t->d->hooks, &step, err) < 0 || prepare_other(t, progress, err) < 0 ||
		turn_check_undisturbed(t, force, err) < 0 ||
		turn_apply(t, BOOT_ON_SWAP, 0, result, err) < 0)
		return -1;
	hooks_after(&t->d->hooks, &step);
	return 0;
}

/* Next already: only its boot files may want mending. */
static int swap_again(struct turn *t, const struct progress *progress, struct boot_result *result,
	struct err *err)
{
	bool made;

	if (bootfiles_ensure(t, t->s.env.slot, progress, &made, err) < 0)
		return -1;
	return turn_apply(t, BOOT_ON_SWAP, 0, result, err);
}

int boot_swap(const struct device *d, bool force, const struct progress *progress,
	struct boot_result *result, struct err *err)
{
	AUTO_TURN t = TURN(d);

	if (turn_begin(&t, "ota bootswap", err) < 0 ||
		boot_permit(t.s.state, BOOT_ON_SWAP, err) < 0 ||
		turn_check_undisturbed(&t, force, err) < 0)
		return -1;
	if (t.s.state == BOOT_SWAPPED)
		return swap_again(&t, progress, result, err);
	char other = slot_other(t.s.running);
	if (turn_check_proved(&t, other, err) < 0 || check_epoch(&t, other, OTA_UNTRUSTED, err) < 0)
		return -1;
	return swap(&t, force, progress, result, err);
}

/* A slot that runs needs no other proof, and may have changed since it was written; its boot files
 * are looked at and never touched. On trial it has its tests to pass first. */
static int check_running(const struct turn *t, char slot, struct err *err)
{
	if (t->s.running != slot)
		return err_set(
			err, OTA_BUSY, "slot %c runs: a device that runs is not new", t->s.running);
	if (t->s.has_env && t->s.state == BOOT_TRIAL) {
		err_set(err, OTA_FAILED, "slot %c is on trial", slot);
		return err_hint(err, "ota commit keeps it");
	}
	return bootfiles_check(t, slot, err);
}

static int prepare_factory(
	struct turn *t, char slot, const struct progress *progress, struct err *err)
{
	bool made;

	if (t->s.running)
		return check_running(t, slot, err);
	if (check_epoch(t, slot, OTA_UNTRUSTED, err) < 0 || turn_check_proved(t, slot, err) < 0 ||
		turn_prove(t, slot, progress, err) < 0)
		return -1;
	return bootfiles_ensure(t, slot, progress, &made, err);
}

int boot_factory(const struct device *d, char slot, const char *defaults,
	const struct progress *progress, struct boot_result *result, struct err *err)
{
	AUTO_TURN t = TURN(d);

	if (turn_begin_factory(&t, "ota bootswap", err) < 0 ||
		prepare_factory(&t, slot, progress, err) < 0)
		return -1;
	const struct slot_record *r = situation_slot(&t.s, slot);
	const struct boot_env env = {.slot = slot,
		.bootlimit = d->attempts,
		.epoch = situation_epoch(&t.s) > r->epoch ? situation_epoch(&t.s) : r->epoch};
	if (boot_create(d->boot, d->boot_env, defaults, &env, err) < 0)
		return -1;
	*result = (struct boot_result){.slot = slot};
	strcpy(result->version, r->version);
	return turn_note_kept(&t, slot, err);
}

/* A reason that a failed check has noted is the better one, unless the operator gives his own. What
 * cannot be noted must not keep a device on a release that is bad. */
static void note_leaving(struct turn *t, const char *words)
{
	struct slot_record *leaving = situation_slot(&t->s, t->s.running);
	struct err why;

	if (words || !leaving->reason[0]) {
		strcpy(leaving->reason, "operator");
		snprintf(leaving->detail, DETAIL_LEN, "%s", words ? words : "");
		text_clean_line(leaving->detail);
	}
	if (turn_note(t, t->s.running, &why) < 0 ||
		note_swap(t, slot_other(t->s.running), &why) < 0)
		turn_lose_store(t, &why);
}

static int give_up(struct turn *t, const char *words, const struct progress *progress,
	struct boot_result *result, struct err *err)
{
	bool made;

	if (bootfiles_ensure(t, slot_other(t->s.running), progress, &made, err) < 0)
		return -1;
	note_leaving(t, words);
	return turn_apply(t, BOOT_ON_ROLLBACK, 0, result, err);
}

/* What an operator leaves is not taken again by itself. Noted first: as long as it runs, and is the
 * next to boot, settling takes such a note away. */
static int note_left(struct turn *t, const char *words, struct err *err)
{
	const struct slot_record *left = situation_slot(&t->s, t->s.running);
	struct rollback_record *r = &t->s.rollback;

	*r = (struct rollback_record){.happened = true,
		.when_utc_s = clock_utc_s(),
		.from = t->s.running,
		.to = slot_other(t->s.running),
		.has_digest = left->has_digest,
		.digest = left->digest,
		.reason = "operator"};
	strcpy(r->version, left->version);
	snprintf(r->detail, DETAIL_LEN, "%s", words ? words : "");
	text_clean_line(r->detail);
	if (left->has_digest && bad_add(t->d->store, &left->content, err) < 0)
		return -1;
	return rollback_record_write(t->d->store, r, err);
}

static int go_back_to_good(struct turn *t, const char *words, const struct progress *progress,
	struct boot_result *result, struct err *err)
{
	char other = slot_other(t->s.running);
	enum slot_state state = situation_slot(&t->s, other)->state;

	if (state != SLOT_GOOD) {
		err_set(err, OTA_NOTHING, "slot %c is %s: there is no good one to go back to",
			other, slot_state_name(state));
		return err_hint(err, "an older release comes by: ota fetch --downgrade SOURCE");
	}
	if (check_epoch(t, other, OTA_NOTHING, err) < 0)
		return -1;
	if (prepare_other(t, progress, err) < 0 || note_left(t, words, err) < 0)
		return -1;
	return turn_apply(t, BOOT_ON_ROLLBACK, 0, result, err);
}

static int go_back(struct turn *t, const char *reason, const struct progress *progress,
	struct boot_result *result, struct err *err)
{
	if (t->s.state == BOOT_TRIAL)
		return give_up(t, reason, progress, result, err);
	if (t->s.state == BOOT_SETTLED)
		return go_back_to_good(t, reason, progress, result, err);
	if (t->s.state == BOOT_SWAPPED && bootfiles_check(t, t->s.running, err) < 0)
		return err_wrap(err, "slot %c stays the next to boot", t->s.env.slot);
	return turn_apply(t, BOOT_ON_ROLLBACK, 0, result, err);
}

/* The slot that is left: the one on trial, running or not yet; from a settled device the running.
 */
static char slot_to_leave(const struct turn *t)
{
	return t->s.state == BOOT_SWAPPED ? t->s.env.slot : t->s.running;
}

int boot_rollback(const struct device *d, const struct rollback_options *options,
	const struct progress *progress, struct boot_result *result, struct err *err)
{
	AUTO_TURN t = TURN(d);

	if (turn_begin(&t, "ota rollback", err) < 0 ||
		boot_permit(t.s.state, BOOT_ON_ROLLBACK, err) < 0 ||
		turn_check_undisturbed(&t, options->force, err) < 0)
		return -1;
	const struct step step = turn_step(&t, "rollback", slot_to_leave(&t));
	if (hooks_before(&d->hooks, &step, err) < 0 ||
		go_back(&t, options->reason, progress, result, err) < 0)
		return -1;
	hooks_after(&d->hooks, &step);
	return 0;
}
