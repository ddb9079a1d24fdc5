/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/prove.h"

#include "flow/scan.h"

static int differs(const struct slot *slot, const struct frame *f, struct err *err)
{
	err_set(err, OTA_CORRUPT, "slot %s holds other bytes at %ju than were written", slot->path,
		(uintmax_t)f->raw_offset);
	return err_hint(err, "write it again: ota write; if it stays so, the disk is failing: "
			     "dmesg | tail");
}

int prove_slot(struct slot *slot, const struct frame_index *index, const struct progress *progress,
	struct err *err)
{
	AUTO_FRAME_SET found = {0};
	struct frame f = {0};

	progress_step(progress, "read back", index->raw_bytes);
	if (frame_set_init(&found, index, err) < 0 ||
		scan_slot(slot, index, &found, progress, err) < 0)
		return -1;
	while (index_next(index, &f))
		if (!frame_set_has(&found, &f))
			return differs(slot, &f, err);
	progress_done(progress);
	return 0;
}
