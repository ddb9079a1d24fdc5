/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How progress looks: a bar on a terminal, plain lines where stderr is none, JSON lines, or
 * nothing. The view is what stands behind the callback of io/progress.h; it is used from one
 * thread, needs no cleanup, and a zeroed one is silent.
 */
#ifndef OTA_CMD_PROGRESS_H
#define OTA_CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/progress.h"

enum progress_mode { PROGRESS_NONE, PROGRESS_BAR, PROGRESS_LINES, PROGRESS_JSON };

struct progress_view {
	struct progress callback;
	enum progress_mode mode;
	char step[32];
	uint64_t total_bytes, done_bytes;
	uint64_t begun_ms, drawn_ms;
	uint64_t begun_bytes; /* what was there already when the step began: no part of its rate */
	bool begun;
	unsigned told_percent; /* of plain lines */
	bool on_screen;
};

/* The mode for the words of --progress. `auto` is a bar on a terminal, lines elsewhere; with --json
 * it is none, so that stderr holds nothing but the error. */
enum progress_mode progress_mode_choose(const char *word, bool quiet, bool json, bool terminal);

/* Sets the mode; the view is zeroed or was set before. */
void progress_view_set(struct progress_view *v, enum progress_mode mode);

/* What to hand to a flow; NULL in silence. */
const struct progress *progress_view_open(struct progress_view *v);

/* Takes the bar off the screen before something else is printed; it comes back by itself. */
void progress_view_hide(struct progress_view *v);

/* One line of at most `columns` characters, without line end: step, bar, percent, bytes, rate, time
 * left; what does not fit is left out, the bar first. */
void progress_format(
	const struct progress_view *v, uint64_t now_ms, unsigned columns, char *out, size_t size);

#endif
