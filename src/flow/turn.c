/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/turn.h"

#include <string.h>

#include "base/file.h"
#include "base/lock.h"
#include "flow/prove.h"

int turn_begin(struct turn *t, const char *who, struct err *err)
{
	if (store_open_if_possible(&t->store, t->d->store, who, err) < 0)
		return -1;
	situation_read(t->d, &t->s);
	if (situation_settle(t->d, &t->s, !t->store.lost, err) == 0)
		return 0;
	if (t->store.lost || (err->code != OTA_SPACE && err->code != OTA_IO))
		return -1;
	turn_lose_store(t, err);
	return situation_settle(t->d, &t->s, false, err);
}

void turn_lose_store(struct turn *t, const struct err *why)
{
	t->store.lost = true;
	t->store.why = *why;
}

int turn_check_store(const struct turn *t, struct err *err)
{
	if (!t->store.lost)
		return 0;
	*err = t->store.why;
	return -1;
}

int turn_begin_factory(struct turn *t, const char *who, struct err *err)
{
	if (store_open(&t->store, t->d->store, who, err) < 0)
		return -1;
	situation_read(t->d, &t->s);
	if (!t->s.running || !t->s.has_env)
		return 0;
	return situation_settle(t->d, &t->s, true, err);
}

struct step turn_step(struct turn *t, const char *command, char slot)
{
	const struct slot_record *r = situation_slot(&t->s, slot);

	return (struct step){.command = command,
		.slot = slot,
		.version = r->version,
		.digest = r->has_digest ? &r->digest : NULL};
}

int turn_check_undisturbed(const struct turn *t, bool force, struct err *err)
{
	char path[PATH_MAX];

	if (force || t->store.lost)
		return 0;
	if (path_join(path, t->d->store, UPDATE_LOCK, err) < 0)
		return -1;
	if (lock_check_free(path, "the update lock", err) < 0)
		return err_hint(err, "wait for it, or go on whatever it holds back: --force");
	return 0;
}

static bool is_proved_since_boot(const struct turn *t, const struct slot_record *r)
{
	return t->s.boot_id[0] && !strcmp(r->proved_boot_id, t->s.boot_id);
}

static int prove(struct turn *t, char slot, const struct progress *progress, struct err *err)
{
	struct buf bytes = BUF(INDEX_MAX_BYTES);
	struct slot opened = {.fd = -1, .direct_fd = -1};
	struct frame_index index;
	int rc = store_index_read(t->d->store, slot, &bytes, err);

	if (rc == 0)
		rc = index_open(bytes.data, bytes.len, &index, err);
	if (rc == 0)
		rc = slot_open(&opened, device_slot(t->d, slot), SLOT_FOR_READING, err);
	if (rc == 0)
		rc = prove_slot(&opened, &index, progress, err);
	slot_close(&opened);
	buf_free(&bytes);
	return rc;
}

int turn_prove(struct turn *t, char slot, const struct progress *progress, struct err *err)
{
	struct slot_record *r = situation_slot(&t->s, slot);
	struct err ignored;

	if (is_proved_since_boot(t, r) || !r->has_digest)
		return 0;
	if (prove(t, slot, progress, err) < 0) {
		if (err->code != OTA_CORRUPT)
			return -1;
		r->state = SLOT_UNKNOWN;
		if (turn_note(t, slot, &ignored) < 0)
			return -1;
		return err_hint(err, "write it again: ota write");
	}
	strcpy(r->proved_boot_id, t->s.boot_id);
	return turn_note(t, slot, err);
}

int turn_check_proved(const struct turn *t, char slot, struct err *err)
{
	enum slot_state state = t->s.slots[slot - 'a'].state;

	if (state == SLOT_PROVED || state == SLOT_GOOD)
		return 0;
	err_set(err, OTA_FAILED, "slot %c is %s, and only a proved slot is booted", slot,
		slot_state_name(state));
	return err_hint(err, "write a release into it first: ota write");
}

int turn_note(struct turn *t, char slot, struct err *err)
{
	if (t->store.lost)
		return 0;
	return slot_record_write(t->d->store, slot, situation_slot(&t->s, slot), err);
}

int turn_note_kept(struct turn *t, char slot, struct err *err)
{
	struct slot_record *r = situation_slot(&t->s, slot);

	if (t->store.lost)
		return 0;
	r->state = SLOT_GOOD;
	r->swapped_boot_id[0] = r->reason[0] = r->detail[0] = '\0';
	if (turn_note(t, slot, err) < 0 ||
		committed_record_raise(t->d->store, &t->s.committed, r, err) < 0)
		return -1;
	if (!r->has_digest)
		return 0;
	if (bad_remove(t->d->store, &r->content, err) < 0)
		return -1;
	return store_forget_kept(t->d->store, &r->content, r->version, err);
}

int turn_apply(struct turn *t, enum boot_event event, uint64_t epoch, struct boot_result *result,
	struct err *err)
{
	const struct slot_record *other = situation_slot(&t->s, slot_other(t->s.running));
	char mark[BOOT_MARK_LEN];
	const struct boot_params params = {.attempts = t->d->attempts,
		.epoch = epoch,
		.mark = other->has_digest ? mark : NULL};
	boot_mark(&other->content, mark);
	struct boot_env next = boot_apply(&t->s.env, t->s.running, event, &params);

	if (boot_store(t->d->boot, t->d->boot_env, &next, err) < 0)
		return -1;
	result->already = boot_rule_find(t->s.state, event)->verdict == BOOT_ALREADY;
	t->s.state = boot_rule_find(t->s.state, event)->next;
	t->s.env = next;
	result->slot = next.slot;
	result->trial = next.upgrade_available;
	result->reboot = next.slot != t->s.running;
	strcpy(result->version, situation_slot(&t->s, next.slot)->version);
	result->notes_lost = t->store.lost;
	result->why = t->store.why;
	return 0;
}
