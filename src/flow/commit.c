/* SPDX-License-Identifier: Apache-2.0 */
/* commit; boot.h tells what it promises. */
#include <string.h>

#include "flow/turn.h"

static int test(struct turn *t, const struct checks *checks, struct err *err)
{
	struct slot_record *r = situation_slot(&t->s, t->s.running);
	const struct step step = turn_step(t, "commit", t->s.running);
	struct err unnoted;

	r->reason[0] = r->detail[0] = '\0';
	if (!checks || checks_run(checks, &step, r->detail, err) == 0)
		return 0;
	if (err->code != OTA_UNHEALTHY)
		return -1;
	strcpy(r->reason, "check");
	err_wrap(err, "slot %c stays on trial", t->s.running);
	if (turn_note(t, t->s.running, &unnoted) < 0)
		return err_hint(err, "the reason could not be noted: %.200s", unnoted.msg);
	return err_hint(err, "mend it and commit again, or go back: ota rollback");
}

static int keep(struct turn *t, struct boot_result *result, struct err *err)
{
	uint64_t epoch = situation_slot(&t->s, t->s.running)->epoch;

	if (turn_apply(t, BOOT_ON_COMMIT, epoch, result, err) < 0)
		return -1;
	/* it is kept, whatever becomes of the notes: the next run settles these */
	if (turn_note_kept(t, t->s.running, &result->why) < 0)
		result->notes_lost = true;
	return 0;
}

int boot_commit(const struct device *d, const struct checks *checks, struct boot_result *result,
	struct err *err)
{
	AUTO_TURN t = TURN(d);

	if (turn_begin(&t, "ota commit", err) < 0 ||
		boot_permit(t.s.state, BOOT_ON_COMMIT, err) < 0)
		return -1;
	const struct step step = turn_step(&t, "commit", t.s.running);
	if (hooks_before(&d->hooks, &step, err) < 0 || test(&t, checks, err) < 0 ||
		keep(&t, result, err) < 0)
		return -1;
	hooks_after(&d->hooks, &step);
	return 0;
}
