/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/situation.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/watchdog.h"
#include "slot/running.h"

static void read_boot_id(const char *path, char boot_id[BOOT_ID_LEN])
{
	AUTO_BUF text = BUF(BOOT_ID_LEN - 1);
	struct err ignored;

	boot_id[0] = '\0';
	if (file_read(path, &text, &ignored) == 0 && text.data) {
		text.data[strcspn(text.data, "\n")] = '\0';
		strcpy(boot_id, text.data);
	}
}

/* Was the machine started anew since the environment was made to name the other slot? */
static bool rebooted_since(const struct situation *s)
{
	const char *noted = s->slots[s->env.slot - 'a'].swapped_boot_id;

	return noted[0] && s->boot_id[0] && strcmp(noted, s->boot_id) != 0;
}

static void make_good(struct slot_record *r)
{
	/* what was half written is not what runs: the note tells of something else */
	if (r->state == SLOT_WRITING)
		*r = (struct slot_record){0};
	r->state = SLOT_GOOD;
}

/* Why the bootloader gave a slot up, as far as anybody noted that. */
static void note_reason(
	const struct device *d, const struct slot_record *left, struct rollback_record *r)
{
	const char *reason = "bootcount", *detail = "it was not committed in its attempts";

	if (left->reason[0]) {
		reason = left->reason;
		detail = left->detail;
	} else if (d->watchdog_status && watchdog_has_reset(d->watchdog_status)) {
		reason = "watchdog";
		detail = "nothing petted it in the last of its attempts";
	}
	strcpy(r->reason, reason);
	strcpy(r->detail, detail);
}

/* A slot that was given up. */
static void note_rollback(const struct device *d, struct situation *s, char from, char to)
{
	struct slot_record *left = situation_slot(s, from);
	struct rollback_record *r = &s->rollback;

	left->state = SLOT_BAD;
	*r = (struct rollback_record){.happened = true,
		.when_utc_s = clock_utc_s(),
		.from = from,
		.to = to,
		.has_digest = left->has_digest,
		.digest = left->digest};
	strcpy(r->version, left->version);
	note_reason(d, left, r);
}

static void repair_settled(struct situation *s)
{
	struct slot_record *other = situation_slot(s, slot_other(s->running));

	make_good(situation_slot(s, s->running));
	if (other->state == SLOT_TRIAL)
		other->state = SLOT_PROVED;
	for (int i = 0; i < 2; i++)
		s->slots[i].swapped_boot_id[0] = '\0';
}

static void repair(const struct device *d, struct situation *s)
{
	char other = slot_other(s->running);

	switch (s->state) {
	case BOOT_SETTLED:
		repair_settled(s);
		break;
	case BOOT_TRIAL:
		situation_slot(s, s->running)->state = SLOT_TRIAL;
		break;
	case BOOT_FELL_BACK:
		note_rollback(d, s, other, s->running);
		repair_settled(s);
		break;
	case BOOT_LEAVING:
		if (s->env.rolled_back)
			situation_slot(s, s->running)->state = SLOT_BAD;
		break;
	case BOOT_SWAPPED:
	case BOOT_LOST:
	case BOOT_STATE_COUNT:
		break;
	}
}

void situation_read(const struct device *d, struct situation *s)
{
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < 2; i++)
		slot_record_read(d->store, (char)('a' + i), &s->slots[i]);
	rollback_record_read(d->store, &s->rollback);
	committed_record_read(d->store, &s->committed);
	read_boot_id(d->boot_id, s->boot_id);
	s->has_env = boot_load(d->boot, d->boot_env, &s->env, &s->env_err) == 0;
	if (running_slot_find(d->cmdline, d->slots, &s->running, &s->running_err) < 0)
		s->running = '\0';
	if (!s->has_env || !s->running)
		return;
	s->state = boot_classify(&s->env, s->running, rebooted_since(s));
	repair(d, s);
}

int situation_require(const struct situation *s, struct err *err)
{
	if (!s->running)
		*err = s->running_err;
	else if (!s->has_env)
		*err = s->env_err;
	return s->running && s->has_env ? 0 : -1;
}

static int save_slot(const struct device *d, const struct situation *s, char slot, struct err *err)
{
	const struct slot_record *wanted = &s->slots[slot - 'a'];
	struct slot_record noted;

	slot_record_read(d->store, slot, &noted);
	if (memcmp(&noted, wanted, sizeof(noted)) == 0)
		return 0;
	return slot_record_write(d->store, slot, wanted, err);
}

/* What runs for good is neither bad nor below what was committed: a commit may have been cut behind
 * its store of the environment, and a rollback before it. */
static int save_running(const struct device *d, struct situation *s, struct err *err)
{
	const struct slot_record *r = &s->slots[s->running - 'a'];

	if (!r->has_digest)
		return 0;
	if (bad_has(d->store, &r->content) && bad_remove(d->store, &r->content, err) < 0)
		return -1;
	return committed_record_raise(d->store, &s->committed, r, err);
}

static int save_notes(const struct device *d, struct situation *s, struct err *err)
{
	const struct slot_record *left = &s->slots[slot_other(s->running) - 'a'];

	if ((s->state == BOOT_SETTLED || s->state == BOOT_FELL_BACK) && save_running(d, s, err) < 0)
		return -1;

	if (s->state == BOOT_FELL_BACK) {
		if (left->has_digest && bad_add(d->store, &left->content, err) < 0)
			return -1;
		if (rollback_record_write(d->store, &s->rollback, err) < 0)
			return -1;
	}
	return save_slot(d, s, 'a', err) < 0 ? -1 : save_slot(d, s, 'b', err);
}

int situation_settle(const struct device *d, struct situation *s, bool keep_notes, struct err *err)
{
	if (situation_require(s, err) < 0 || boot_permit(s->state, BOOT_ON_SETTLE, err) < 0)
		return -1;
	if (keep_notes && save_notes(d, s, err) < 0)
		return err_wrap(err, "settle");
	struct boot_env next = boot_apply(&s->env, s->running, BOOT_ON_SETTLE, NULL);
	if (boot_store(d->boot, d->boot_env, &next, err) < 0)
		return err_wrap(err, "settle");
	s->env = next;
	s->state = boot_rule_find(s->state, BOOT_ON_SETTLE)->next;
	return 0;
}

uint64_t situation_epoch(const struct situation *s)
{
	uint64_t of_env = s->has_env ? s->env.epoch : 0;

	return of_env > s->committed.epoch ? of_env : s->committed.epoch;
}
