/* SPDX-License-Identifier: Apache-2.0 */
/* bootfiles; bootfiles.h and boot.h tell what it promises. */
#include "flow/bootfiles.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interrupt.h"
#include "flow/origin.h"

/* A boot partition that is not mounted leaves its mount point, in the root file system. */
static int check_target(const struct device *d, struct err *err)
{
	struct stat target, slot, root;

	if (stat(d->boot_target, &target) < 0) {
		err_errno(err, errno == ENOENT ? OTA_CONFIG : OTA_IO, "%s", d->boot_target);
		return err_hint(err, "is the boot partition mounted? target = in [boot] names a "
				     "folder on it");
	}
	for (size_t i = 0; i < ARRAY_LEN(d->slots); i++)
		if (stat(d->slots[i], &slot) == 0 && S_ISBLK(slot.st_mode) &&
			slot.st_rdev == target.st_dev) {
			err_set(err, OTA_CONFIG, "%s lies in slot %c, not on the boot partition",
				d->boot_target, (char)('a' + i));
			return err_hint(err, "mount the boot partition first");
		}
	if (!d->root || stat(d->root, &root) < 0 || root.st_dev != target.st_dev)
		return 0;
	err_set(err, OTA_CONFIG, "%s lies in the root file system, not on the boot partition",
		d->boot_target);
	return err_hint(err, "mount the boot partition first");
}

/* What ota never wrote has none. */
static const struct digest *known_content(const struct slot_record *r)
{
	return r->has_digest ? &r->content : NULL;
}

static void show(const struct origin *o)
{
	uint64_t total_bytes = 0;

	for (size_t i = 0; i < o->files.n; i++)
		total_bytes += o->files.files[i].size_bytes;
	progress_step(o->progress, "boot files", total_bytes);
}

static int write_set(struct origin *o, char slot, const struct digest *content, struct err *err)
{
	AUTO_BOOTSET set = BOOTSET;

	if (bootset_check_names(&o->files, err) < 0 ||
		bootset_check_room(o->d->boot_target, slot, &o->files, err) < 0 ||
		interrupt_check(err) < 0 ||
		bootset_begin(&set, o->d->boot_target, slot, content, err) < 0)
		return -1;
	show(o);
	for (o->at = 0; o->at < o->files.n; o->at++)
		if (bootset_add(&set, o->files.files[o->at].path, o->fill, o, err) < 0)
			return -1;
	progress_done(o->progress);
	return bootset_end(&set, err);
}

/* Of a set whose list is sound only what is damaged is written: the rest may be all that boots. */
static int mend_set(struct origin *o, struct bootset *set, struct err *err)
{
	show(o);
	for (o->at = 0; o->at < o->files.n; o->at++)
		if (bootset_mend(set, o->files.files[o->at].path, o->fill, o, err) < 0)
			return -1;
	progress_done(o->progress);
	return 0;
}

static int make(struct turn *t, char slot, const struct progress *progress, struct err *err)
{
	const struct slot_record *r = situation_slot(&t->s, slot);
	AUTO_ORIGIN o = ORIGIN(t->d, progress);
	AUTO_BOOTSET old = BOOTSET;
	struct err why;

	if (check_target(t->d, err) < 0 || origin_open(&o, slot, r, err) < 0)
		return -1;
	if (bootset_open(&old, t->d->boot_target, slot, known_content(r), &why) == 0) {
		if (mend_set(&o, &old, err) < 0)
			return -1;
		if (bootfiles_check(t, slot, &why) == 0)
			return 0;
	}
	if (why.code != OTA_CORRUPT && why.code != OTA_NOTHING) {
		*err = why;
		return -1;
	}
	return write_set(&o, slot, &r->content, err);
}

static int check_slot(const struct turn *t, char slot, struct err *err)
{
	if (slot == t->s.running)
		return err_set(err, OTA_BUSY, "slot %c is the one that runs", slot);
	return turn_check_proved(t, slot, err);
}

int boot_files(const struct device *d, char slot, const struct progress *progress,
	struct boot_result *result, struct err *err)
{
	AUTO_TURN t = TURN(d);
	bool made;

	if (!d->boot_files[0])
		return err_set(
			err, OTA_NOTHING, "this device has no boot files: files = in [boot]");
	if ((slot ? turn_begin_factory(&t, "ota bootfiles", err)
		  : turn_begin(&t, "ota bootfiles", err)) < 0)
		return -1;
	if (!slot)
		slot = slot_other(t.s.running);
	if (check_slot(&t, slot, err) < 0 || bootfiles_ensure(&t, slot, progress, &made, err) < 0)
		return -1;
	*result = (struct boot_result){.slot = slot, .already = !made};
	strcpy(result->version, situation_slot(&t.s, slot)->version);
	return 0;
}

int bootfiles_check(const struct turn *t, char slot, struct err *err)
{
	const struct slot_record *r = &t->s.slots[slot - 'a'];

	if (!t->d->boot_files[0])
		return 0;
	int rc = bootset_check(t->d->boot_target, slot, known_content(r), err);
	return rc < 0 && err->code == OTA_NOTHING && !r->has_digest ? 0 : rc;
}

int bootfiles_ensure(
	struct turn *t, char slot, const struct progress *progress, bool *made, struct err *err)
{
	struct err why;

	*made = false;
	if (bootfiles_check(t, slot, &why) == 0)
		return 0;
	/* a set that could not be looked at is not known to be damaged */
	if (why.code != OTA_CORRUPT && why.code != OTA_NOTHING) {
		*err = why;
		return -1;
	}
	*made = true;
	if (turn_prove(t, slot, progress, err) < 0 || make(t, slot, progress, err) < 0 ||
		bootfiles_check(t, slot, err) < 0)
		return err_wrap(err, "boot files of slot %c", slot);
	return 0;
}
