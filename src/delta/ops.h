/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a cell, coded in the light of those before: how much is new, how much is copied,
 * whether from where the last copy would go on.
 */
#ifndef OTA_DELTA_OPS_H
#define OTA_DELTA_OPS_H

#include "delta/coder.h"
#include "delta/encoder.h"

#define OPS_LAGS 4

struct ops {
	uint64_t lags[OPS_LAGS]; /* place in the group less place in the base, of the last copies */
	uint64_t base_end;       /* of the last copy */
	unsigned had_extra, was_same;
	struct prob has_extra[2], to_end[2], same_lag[2][2], older_lag, which_lag[OPS_LAGS];
	struct prob backwards, in_block, high[64], low[64], exact[2];
	struct number extra, copy, blocks;
	unsigned was_exact;
};

void ops_reset(struct ops *o);

/* One step, of a cell of which `left` bytes are to come, at `position` in the group. A copy has at
 * least one byte unless what is new fills the cell. Decoded numbers are as hostile as their bytes.
 */
struct delta_op ops_code(struct ops *o, struct coder *c, const struct delta_op *op, uint32_t left,
	uint64_t position);

/* Whether the copy is as the base has it. */
bool ops_code_exact(struct ops *o, struct coder *c, bool exact);

#endif
