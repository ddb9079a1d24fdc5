/* SPDX-License-Identifier: Apache-2.0 */
/* write; install.h tells what it promises. */
#include <stdio.h>
#include <string.h>

#include "flow/accept.h"
#include "flow/bring.h"
#include "flow/budget.h"
#include "flow/fill.h"
#include "flow/store.h"

/* One run of write, from the choice of the slot to its proof. */
struct writing {
	const struct device *d;
	struct situation s;
	struct authentic a;
	struct image_index index; /* of the root file system */
	struct source *source;
	struct budget budget;
	struct way way; /* of the root file system, straight from its source */
	struct slot slot;
	struct slot_record *record;
	const struct progress *progress;
	bool slot_failed; /* what is damaged is not what the source gave */
};

static int choose_slot(struct writing *w, char wanted, char *slot, struct err *err)
{
	struct situation *s = &w->s;

	*slot = wanted;
	if (!wanted && situation_require(s, err) < 0)
		return -1;
	if (!wanted)
		*slot = slot_other(s->running);
	if (*slot == s->running) {
		err_set(err, OTA_BUSY, "slot %c is the one that runs", *slot);
		return err_hint(err, "without --slot the other one is written: ota write");
	}
	if (slot_same(w->d->slots[0], w->d->slots[1])) {
		err_set(err, OTA_CONFIG, "slot a and slot b are the same device: %s",
			w->d->slots[0]);
		return err_hint(err, "which partitions are there: blkid");
	}
	if (!s->running || !s->has_env)
		return 0; /* in the factory there may be no environment yet */
	return situation_settle(w->d, s, true, err);
}

static int check_permitted(const struct situation *s, struct err *err)
{
	return s->running && s->has_env ? boot_permit(s->state, BOOT_ON_WRITE, err) : 0;
}

static bool record_holds(const struct slot_record *r, const struct authentic *a)
{
	return r->has_digest && digest_equal(&r->content, &a->release.content);
}

/* What was fetched was newer then; since, it may have been booted, or have failed. A factory may
 * give both slots the same release. */
static int accept_stored(struct writing *w, const struct write_options *options, struct err *err)
{
	const struct slot_record *runs = w->s.running ? &w->s.slots[w->s.running - 'a'] : NULL;

	if (accept_fitting(w->d, &w->s, w->source, &w->a, err) < 0)
		return -1;
	if (!options->slot && runs && record_holds(runs, &w->a))
		return err_set(err, OTA_NOTHING, "up to date: release %s runs already",
			w->a.release.version);
	return policy_check_not_bad(w->d, &w->s, &w->a, &options->policy, err);
}

static int accept(
	struct writing *w, bool stored, const struct write_options *options, struct err *err)
{
	bool ask_newer = !stored && w->s.running && w->s.has_env && !options->slot;

	if (ask_newer)
		return accept_newer(w->d, &w->s, w->source, &options->policy, &w->a, err);
	return accept_stored(w, options, err);
}

static int check_size(const struct writing *w, struct err *err)
{
	uint64_t need = release_rootfs(&w->a.release)->raw_bytes;

	if (need <= w->slot.size_bytes)
		return 0;
	err_set(err, OTA_SPACE, "the image has %ju bytes, and slot %s has room for %ju",
		(uintmax_t)need, w->slot.path, (uintmax_t)w->slot.size_bytes);
	return err_hint(err, "is 'device' the right partition? lsblk tells their sizes");
}

/* From here on the slot's old content counts for nothing. */
static int note_writing(struct writing *w, char slot, struct err *err)
{
	const struct release *r = &w->a.release;

	*w->record = (struct slot_record){.state = SLOT_WRITING,
		.has_digest = true,
		.digest = w->a.manifest.digest,
		.content = r->content,
		.boot_in_release = r->n_images > 1,
		.epoch = r->epoch,
		.created = r->created > 0 ? r->created : 0};
	strcpy(w->record->version, r->version);
	return slot_record_write(w->d->store, slot, w->record, err);
}

static int note_proved(struct writing *w, char slot, struct err *err)
{
	w->record->state = SLOT_PROVED;
	strcpy(w->record->proved_boot_id, w->s.boot_id);
	if (store_index_write(w->d->store, slot, &w->index.bytes, err) < 0)
		return -1;
	return slot_record_write(w->d->store, slot, w->record, err);
}

static int fill(struct writing *w, bool stored, struct frame_set *have,
	struct install_result *result, struct err *err)
{
	const struct fill fill = {.d = w->d,
		.running = w->s.running,
		.source = w->source,
		.release = &w->a.release,
		.index = &w->index.frames,
		.have = have,
		.slot = &w->slot,
		.stored = stored,
		.way = &w->way,
		.result = result,
		.progress = w->progress};

	return fill_run(&fill, &w->slot_failed, err);
}

static struct bring bring_of(const struct writing *w, size_t first)
{
	return (struct bring){.d = w->d,
		.source = w->source,
		.release = &w->a.release,
		.first = first,
		.running = w->s.running,
		.straight = true,
		.progress = w->progress};
}

/* What of the root file system an earlier run has left in the slot. */
static int plan_slot(
	struct writing *w, struct frame_set *have, struct install_result *result, struct err *err)
{
	bool resumes = w->record->state == SLOT_WRITING && record_holds(w->record, &w->a);

	if (frame_set_init(have, &w->index.frames, err) < 0)
		return -1;
	if (resumes && fill_find(&w->slot, &w->index.frames, have, err) < 0)
		return -1;
	uint64_t found_bytes = frame_set_bytes(have, &w->index.frames);
	result->found_bytes += found_bytes;
	result->image_bytes = release_rootfs(&w->a.release)->layer.size - found_bytes;
	result->moved_bytes += result->image_bytes;
	return 0;
}

/* In the factory nothing runs that a delta could start from. */
static int choose_way(struct writing *w, struct install_result *result, struct err *err)
{
	const struct bring b = bring_of(w, 0);

	if (!w->s.running)
		return 0;
	if (way_choose(&b, &w->a, &w->s, &w->way, result, err) < 0)
		return -1;
	return w->way.kind == WAY_DELTA ? bring_check_room(&b, w->way.delta.size, err) : 0;
}

static int check_budget(struct writing *w, uint64_t need, struct err *err)
{
	return budget_open(&w->budget, w->d, w->source, &w->a.release.content, need, err);
}

/* Boot files that come with the release wait in the store for `bootfiles`; what was fetched is
 * there already. */
static int keep_boot_files(const struct bring *b, struct authentic *a, struct err *err)
{
	if (a->release.n_images == 1)
		return store_forget(b->d->store, TAG_WRITTEN, err);
	struct install_result none = {0};
	if (signatures_load_config(b->source, &a->signatures, err) < 0 ||
		bring_run(b, &none, err) < 0)
		return -1;
	return store_keep(b->d->store, TAG_WRITTEN, a, err);
}

/* The slot holds the release, and its boot files may be gone from the store or damaged there. */
static int renew_boot_files(struct writing *w, struct install_result *result, struct err *err)
{
	const struct bring boot = bring_of(w, 1);

	if (w->a.release.n_images == 1)
		return 0;
	if (bring_plan(&boot, result, err) < 0 || check_budget(w, result->moved_bytes, err) < 0 ||
		bring_check_room(&boot, result->moved_bytes, err) < 0)
		return -1;
	return keep_boot_files(&boot, &w->a, err) < 0 ? -1 : budget_done(&w->budget, err);
}

static int write_slot(
	struct writing *w, char slot, bool stored, struct install_result *result, struct err *err)
{
	const struct bring boot = bring_of(w, 1);
	AUTO_FRAME_SET have = {0};

	if (!stored && (bring_plan(&boot, result, err) < 0 ||
			       bring_check_room(&boot, result->moved_bytes, err) < 0))
		return -1;
	if (plan_slot(w, &have, result, err) < 0 || (!stored && choose_way(w, result, err) < 0) ||
		check_budget(w, result->moved_bytes, err) < 0)
		return -1;
	if (!stored && keep_boot_files(&boot, &w->a, err) < 0)
		return -1;
	if (note_writing(w, slot, err) < 0 || fill(w, stored, &have, result, err) < 0 ||
		budget_done(&w->budget, err) < 0)
		return -1;
	return note_proved(w, slot, err);
}

static int run(struct writing *w, bool stored, const struct write_options *options,
	struct install_result *result, struct err *err)
{
	char slot;

	if (choose_slot(w, options->slot, &slot, err) < 0 || accept(w, stored, options, err) < 0)
		return -1;
	accept_result(&w->a, result);
	result->slot = slot;
	w->record = situation_slot(&w->s, slot);
	result->already = record_holds(w->record, &w->a) &&
			  (w->record->state == SLOT_PROVED || w->record->state == SLOT_GOOD);
	if (result->already)
		return stored ? 0 : renew_boot_files(w, result, err);
	if (check_permitted(&w->s, err) < 0)
		return -1;
	const struct step step = {.command = "write",
		.slot = slot,
		.version = w->a.release.version,
		.digest = &w->a.manifest.digest};
	if (slot_open(&w->slot, device_slot(w->d, slot), SLOT_FOR_WRITING, err) < 0 ||
		check_size(w, err) < 0 ||
		image_index_load(w->source, release_rootfs(&w->a.release), &w->index, err) < 0 ||
		hooks_before(&w->d->hooks, &step, err) < 0 ||
		write_slot(w, slot, stored, result, err) < 0)
		return err_wrap(err, "write release %s into slot %c", w->a.release.version, slot);
	hooks_after(&w->d->hooks, &step);
	return 0;
}

/* A stored release that turns out to be damaged must not be taken for fetched ever after. */
static void forget_damaged(const struct device *d, struct err *err)
{
	struct err ignored;

	if (store_forget(d->store, TAG_FETCHED, &ignored) == 0)
		err_hint(err, "what was fetched is removed: ota fetch brings it again");
}

int install_write(const struct device *d, struct source *source,
	const struct write_options *options, const struct progress *progress,
	struct install_result *result, struct err *err)
{
	struct writing w = {.d = d,
		.a = AUTHENTIC,
		.index = IMAGE_INDEX,
		.slot = {.fd = -1, .direct_fd = -1},
		.progress = progress};
	AUTO_STORE store = STORE;
	AUTO_SOURCE *stored = NULL;

	/* what is read before the lock is held, another run may change */
	if (store_open(&store, d->store, "ota write", err) < 0)
		return -1;
	situation_read(d, &w.s);
	if (!source)
		source = stored = store_source(d->store, TAG_FETCHED, err);
	w.source = source;
	int rc = source ? run(&w, stored, options, result, err) : -1;
	if (rc < 0 && err->code == OTA_CORRUPT && stored && !w.slot_failed)
		forget_damaged(d, err);
	budget_close(&w.budget);
	slot_close(&w.slot);
	image_index_free(&w.index);
	authentic_free(&w.a);
	return rc;
}
