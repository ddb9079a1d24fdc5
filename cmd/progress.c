/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/terminal.h"

#define REDRAW_MS 100
#define MAX_COLUMNS 200
#define MARGIN 3u /* a full line would wrap, and so would the ^C of whoever ends it */
#define MAX_BAR 30
#define MIN_BAR 8
#define BAR_LEN 72
#define LINES_STEP_PERCENT 10
#define JSON_EVERY_MS 500

enum progress_mode progress_mode_choose(const char *word, bool quiet, bool json, bool terminal)
{
	if (quiet || !strcmp(word, "none"))
		return PROGRESS_NONE;
	if (!strcmp(word, "bar"))
		return PROGRESS_BAR;
	if (!strcmp(word, "lines"))
		return PROGRESS_LINES;
	if (!strcmp(word, "json"))
		return PROGRESS_JSON;
	if (json)
		return PROGRESS_NONE;
	return terminal ? PROGRESS_BAR : PROGRESS_LINES;
}

static unsigned percent(const struct progress_view *v)
{
	if (!v->total_bytes)
		return 0;
	if (v->done_bytes >= v->total_bytes)
		return 100;
	return (unsigned)((double)v->done_bytes * 100 / (double)v->total_bytes);
}

static void format_left(uint64_t seconds, char out[16])
{
	if (seconds >= 100 * 3600)
		snprintf(out, 16, "long");
	else if (seconds >= 3600)
		snprintf(out, 16, "%" PRIu64 ":%02u:%02u", seconds / 3600,
			(unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
	else
		snprintf(out, 16, "%u:%02u", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
}

/* "  1.5 MiB/s  0:42 left", or "" while there is nothing to tell it from. */
static void format_rate(const struct progress_view *v, uint64_t now_ms, char out[64])
{
	uint64_t took_ms = now_ms - v->begun_ms;
	uint64_t moved = v->done_bytes > v->begun_bytes ? v->done_bytes - v->begun_bytes : 0;
	uint64_t left = v->total_bytes > v->done_bytes ? v->total_bytes - v->done_bytes : 0;
	char rate[TEXT_BYTES_LEN], left_text[16];

	out[0] = '\0';
	if (!moved || took_ms < REDRAW_MS)
		return;
	double bytes_per_s = (double)moved * 1000 / (double)took_ms;
	double seconds = (double)left / bytes_per_s;
	text_bytes((unsigned long long)bytes_per_s, rate);
	format_left(seconds < 1e9 ? (uint64_t)(seconds + 0.5) : UINT32_MAX, left_text);
	snprintf(out, 64, left ? "  %s/s  %s left" : "  %s/s", rate, left_text);
}

static void format_bar(unsigned cells, unsigned percent_done, char out[BAR_LEN])
{
	unsigned full = cells * percent_done / 100;

	snprintf(out, BAR_LEN, " [%.*s%.*s]", (int)full, "##############################",
		(int)(cells - full), "..............................");
}

void progress_format(
	const struct progress_view *v, uint64_t now_ms, unsigned columns, char *out, size_t size)
{
	char done[TEXT_BYTES_LEN], total[TEXT_BYTES_LEN], rate[64], head[96], bar[BAR_LEN] = "";
	unsigned now = percent(v);

	text_bytes(v->done_bytes, done);
	text_bytes(v->total_bytes, total);
	format_rate(v, now_ms, rate);
	if (v->total_bytes)
		snprintf(head, sizeof(head), " %3u%%  %s of %s", now, done, total);
	else
		snprintf(head, sizeof(head), "  %s", done);
	size_t used = strlen(v->step) + strlen(head) + strlen(rate);
	if (v->total_bytes && used + MIN_BAR + 3 <= columns) {
		size_t cells = columns - used - 3;
		format_bar(cells > MAX_BAR ? MAX_BAR : (unsigned)cells, now, bar);
	} else if (used > columns) {
		snprintf(head, sizeof(head), v->total_bytes ? " %3u%%" : " ", now);
	}
	snprintf(
		out, size < columns + 1 ? size : columns + 1, "%s%s%s%s", v->step, bar, head, rate);
}

static void draw_bar(struct progress_view *v, uint64_t now_ms)
{
	unsigned columns = terminal_columns(STDERR_FILENO);
	char line[MAX_COLUMNS + 1];

	if (columns > MAX_COLUMNS)
		columns = MAX_COLUMNS;
	progress_format(v, now_ms, columns > MARGIN ? columns - MARGIN : 0, line, sizeof(line));
	fprintf(stderr, "\r%s\033[K", line);
	v->on_screen = true;
	v->drawn_ms = now_ms;
}

static void print_line(struct progress_view *v)
{
	char done[TEXT_BYTES_LEN], total[TEXT_BYTES_LEN];

	text_bytes(v->done_bytes, done);
	text_bytes(v->total_bytes, total);
	fprintf(stderr, "%s: %u%%, %s of %s\n", v->step, percent(v), done, total);
	v->told_percent = percent(v) / LINES_STEP_PERCENT * LINES_STEP_PERCENT;
}

static void print_json_line(struct progress_view *v, uint64_t now_ms)
{
	fprintf(stderr,
		"{\"progress\":{\"step\":\"%s\",\"done\":%" PRIu64 ",\"total\":%" PRIu64 "}}\n",
		v->step, v->done_bytes, v->total_bytes);
	v->drawn_ms = now_ms;
}

static void show(struct progress_view *v, bool last)
{
	uint64_t now_ms = clock_mono_ms();
	uint64_t since_ms = now_ms - v->drawn_ms;

	if (v->mode == PROGRESS_BAR && (last || since_ms >= REDRAW_MS))
		draw_bar(v, now_ms);
	if (v->mode == PROGRESS_LINES && v->total_bytes &&
		percent(v) >= v->told_percent + LINES_STEP_PERCENT)
		print_line(v);
	if (v->mode == PROGRESS_JSON && (last || since_ms >= JSON_EVERY_MS))
		print_json_line(v, now_ms);
}

/* Step names are the flows' own words; a quote in one would still not break a JSON line. */
static void copy_step(struct progress_view *v, const char *what)
{
	snprintf(v->step, sizeof(v->step), "%s", what);
	text_clean(v->step);
	for (char *c = v->step; *c; c++)
		if (*c == '"' || *c == '\\' || *c == '\n')
			*c = '?';
}

static void on_step(void *ctx, const char *what, uint64_t total_bytes)
{
	struct progress_view *v = ctx;

	copy_step(v, what);
	v->total_bytes = total_bytes;
	v->done_bytes = v->begun_bytes = 0;
	v->begun = false;
	v->told_percent = 0;
	v->begun_ms = v->drawn_ms = clock_mono_ms();
	if (v->mode == PROGRESS_BAR)
		draw_bar(v, v->begun_ms);
	if (v->mode == PROGRESS_JSON)
		print_json_line(v, v->begun_ms);
}

static void on_advance(void *ctx, uint64_t done_bytes)
{
	struct progress_view *v = ctx;

	/* a resumed step begins with a leap, which is no speed */
	if (!v->begun)
		v->begun_bytes = done_bytes;
	v->begun = true;
	v->done_bytes = done_bytes;
	show(v, false);
}

static void on_done(void *ctx)
{
	struct progress_view *v = ctx;

	show(v, true);
	if (v->on_screen)
		fputc('\n', stderr);
	v->on_screen = false;
	v->step[0] = '\0';
}

void progress_view_set(struct progress_view *v, enum progress_mode mode)
{
	*v = (struct progress_view){.mode = mode,
		.callback = {.step = on_step, .advance = on_advance, .done = on_done, .ctx = v}};
}

const struct progress *progress_view_open(struct progress_view *v)
{
	return v->mode == PROGRESS_NONE ? NULL : &v->callback;
}

void progress_view_hide(struct progress_view *v)
{
	if (v->on_screen)
		fputs("\r\033[K", stderr);
	v->on_screen = false;
}
