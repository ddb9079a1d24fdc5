/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/fill.h"

#include "flow/prove.h"
#include "flow/scan.h"
#include "flow/transfer.h"

int fill_find(
	struct slot *slot, const struct frame_index *index, struct frame_set *have, struct err *err)
{
	if (slot_sync(slot, err) < 0)
		return -1;
	return scan_slot(slot, index, have, NULL, err);
}

/* Runs of zeros need no bytes from the source. */
static int write_zeros(const struct fill *fill, struct err *err)
{
	struct frame f = {0};

	while (index_next(fill->index, &f)) {
		if (!f.zeros || frame_set_has(fill->have, &f))
			continue;
		if (slot_zero(fill->slot, f.raw_offset, f.raw_len, err) < 0)
			return -1;
		frame_set_add(fill->have, &f);
	}
	return 0;
}

/* Each stretch of frames that will be written, at once. */
static int reserve(const struct fill *fill, struct err *err)
{
	struct frame f = {0};
	uint64_t begin = 0, end = 0;

	while (index_next(fill->index, &f)) {
		if (frame_set_has(fill->have, &f))
			continue;
		if (f.raw_offset != end) {
			if (end > begin && slot_reserve(fill->slot, begin, end - begin, err) < 0)
				return -1;
			begin = f.raw_offset;
		}
		end = f.raw_offset + f.raw_len;
	}
	return end > begin ? slot_reserve(fill->slot, begin, end - begin, err) : 0;
}

struct filling {
	struct slot *slot;
	struct proof *proof;
};

static int put_raw(
	void *ctx, const struct frame *f, const struct frame_decoder *decoder, struct err *err)
{
	struct filling *filling = ctx;

	if (slot_write(filling->slot, decoder->raw, (size_t)f->raw_len, f->raw_offset, err) < 0)
		return -1;
	return proof_add(filling->proof, f, err);
}

int fill_run(const struct fill *fill, bool *is_filled, struct err *err)
{
	AUTO_PROOF *proof = proof_begin(fill->slot, fill->index, fill->have, err);
	struct filling filling = {fill->slot, proof};

	if (!proof)
		return -1;
	progress_step(fill->progress, "write", fill->layer->size);
	if (write_zeros(fill, err) < 0 || reserve(fill, err) < 0)
		return -1;
	const struct transfer transfer = {fill->source, fill->layer, fill->index, fill->have,
		put_raw, NULL, &filling, fill->progress};
	if (transfer_run(&transfer, err) < 0)
		return -1;
	progress_done(fill->progress);
	*is_filled = true;
	return proof_end(proof, fill->progress, err);
}
