/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/match.h"

#include <stdlib.h>
#include <string.h>

#include "delta/suffix.h"

#define KEEP_BYTES                                                                                 \
	24 /* so many equal bytes where the copy would go on, and nothing better is sought */
#define VIEW_BYTES 64 /* or most of so many */
#define VIEW_EQUAL 44
#define FIND_BYTES 12 /* a match has at least this, */
#define GAIN_BYTES 8  /* and this more than where the copy would go on */

struct matcher {
	const uint8_t *base;
	uint64_t base_bytes;
	const struct blocks *blocks;
	uint8_t *text; /* what of the base is not shared */
	size_t text_len;
	struct stretch *stretches; /* which that is, in order */
	size_t *starts;            /* where each begins in the text */
	size_t n_stretches;
	struct suffix *suffix;
};

/* What one cell's search is about. */
struct search {
	const struct matcher *m;
	const uint8_t *cell;
	size_t len;
	size_t done;  /* up to here there are steps */
	bool copying; /* from `done` on, the cell is near to the base at `from` */
	uint64_t from;
	struct steps *steps;
};

static int gather(struct matcher *m, struct err *err)
{
	struct stretch stretch = {0};
	size_t room = 0;

	while (blocks_next_unshared(m->blocks, &stretch)) {
		m->n_stretches++;
		room += stretch.len;
	}
	m->text = malloc(room + 1);
	m->stretches = calloc(m->n_stretches + 1, sizeof(*m->stretches));
	m->starts = calloc(m->n_stretches + 1, sizeof(*m->starts));
	if (!m->text || !m->stretches || !m->starts)
		return err_set(err, OTA_FAILED, "out of memory for %zu bytes", room);
	stretch = (struct stretch){0};
	for (size_t n = 0; blocks_next_unshared(m->blocks, &stretch); n++) {
		/* past its limit the search does without */
		if (stretch.len > SUFFIX_TEXT_MAX - m->text_len) {
			m->n_stretches = n;
			break;
		}
		m->stretches[n] = stretch;
		m->starts[n] = m->text_len;
		memcpy(m->text + m->text_len, m->base + stretch.offset, stretch.len);
		m->text_len += stretch.len;
	}
	return 0;
}

struct matcher *matcher_new(
	const uint8_t *base, uint64_t base_bytes, const struct blocks *blocks, struct err *err)
{
	struct matcher *m = calloc(1, sizeof(*m));

	if (!m) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	*m = (struct matcher){.base = base, .base_bytes = base_bytes, .blocks = blocks};
	if (gather(m, err) == 0) {
		m->suffix = suffix_new(m->text, m->text_len, err);
		if (m->suffix)
			return m;
	}
	matcher_free(m);
	return NULL;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	suffix_free(m->suffix);
	free(m->text);
	free(m->stretches);
	free(m->starts);
	free(m);
}

void steps_free(struct steps *steps)
{
	free(steps->ops);
	*steps = (struct steps){0};
}

/* A step before it that copies nothing becomes part of it. */
static int add_step(struct steps *steps, struct delta_op op, struct err *err)
{
	if (steps->n && steps->ops[steps->n - 1].copy_len == 0)
		op.extra_len += steps->ops[--steps->n].extra_len;
	if (steps->n == steps->room) {
		size_t room = steps->room ? 2 * steps->room : 64;
		struct delta_op *ops = realloc(steps->ops, room * sizeof(*ops));
		if (!ops)
			return err_set(err, OTA_FAILED, "out of memory for %zu steps", room);
		steps->ops = ops;
		steps->room = room;
	}
	steps->ops[steps->n++] = op;
	return 0;
}

static uint64_t text_to_base(const struct matcher *m, size_t at)
{
	size_t low = 0, high = m->n_stretches;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (m->starts[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return m->stretches[low].offset + (at - m->starts[low]);
}

static size_t equal_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t n = 0;
	uint64_t x, y;

	for (; n + 8 <= len; n += 8) {
		memcpy(&x, a + n, 8);
		memcpy(&y, b + n, 8);
		if (x != y)
			break;
	}
	while (n < len && a[n] == b[n])
		n++;
	return n;
}

/* How many bytes can be compared if the cell's byte `at` lies over the base's byte `base`. */
static size_t common_len(const struct search *s, size_t at, uint64_t base, size_t most)
{
	size_t left = s->len - at;

	if (left > most)
		left = most;
	if (base >= s->m->base_bytes)
		return 0;
	return s->m->base_bytes - base < left ? (size_t)(s->m->base_bytes - base) : left;
}

static size_t exact_len(const struct search *s, size_t at, uint64_t base)
{
	return equal_bytes(s->cell + at, s->m->base + base, common_len(s, at, base, SIZE_MAX));
}

static unsigned count_equal(const struct search *s, size_t at, uint64_t base, size_t most)
{
	size_t len = common_len(s, at, base, most);
	unsigned equal = 0;

	for (size_t n = 0; n < len; n++)
		equal += s->cell[at + n] == s->m->base[base + n];
	return equal;
}

/* How far it pays to go on from where the copy is: where most is equal, up to `most` bytes. */
static size_t reach_forward(const struct search *s, size_t most)
{
	size_t len = s->copying ? common_len(s, s->done, s->from, most) : 0, best = 0;
	int64_t worth = 0, best_worth = 0;

	for (size_t n = 0; n < len; n++) {
		worth += s->cell[s->done + n] == s->m->base[s->from + n] ? 1 : -1;
		if (worth > best_worth) {
			best_worth = worth;
			best = n + 1;
		}
	}
	return best;
}

/* How far before `at` the match at `base` is near already, down to `least`. */
static size_t reach_back(const struct search *s, size_t at, uint64_t base, size_t least)
{
	size_t best = 0;
	int64_t worth = 0, best_worth = 0;

	for (size_t n = 1; n <= at - least && n <= base; n++) {
		worth += s->cell[at - n] == s->m->base[base - n] ? 1 : -1;
		if (worth > best_worth) {
			best_worth = worth;
			best = n;
		}
	}
	return best;
}

/* Where both reach over the same bytes: how many of them the first one keeps. */
static size_t share_overlap(
	const struct search *s, size_t at, size_t overlap, uint64_t first, uint64_t second)
{
	int64_t worth = 0, best_worth = 0;
	size_t best = 0;

	for (size_t n = 0; n < overlap; n++) {
		worth += s->cell[at + n] == s->m->base[first + n];
		worth -= s->cell[at + n] == s->m->base[second + n];
		if (worth > best_worth) {
			best_worth = worth;
			best = n + 1;
		}
	}
	return best;
}

/* Ends the copy that goes on at `done`, where a better one was found at `at`: it has what it
 * reaches, the next one begins where it reaches back to, and what is between them is new. */
static int turn_to(struct search *s, size_t at, uint64_t base, struct err *err)
{
	size_t forward = reach_forward(s, at - s->done);
	size_t back = base == UINT64_MAX ? 0 : reach_back(s, at, base, s->done);
	size_t start = at - back, end = s->done + forward;

	if (end > start) {
		size_t kept = share_overlap(
			s, start, end - start, s->from + (start - s->done), base - back);
		end = start + kept;
		start = end;
	}
	struct steps *steps = s->steps;
	if (s->copying)
		steps->ops[steps->n - 1].copy_len = (uint32_t)(end - s->done);
	else
		end = s->done;
	const struct delta_op next = {.extra_len = (uint32_t)(start - end),
		.base_offset = base == UINT64_MAX ? 0 : base - (at - start)};
	s->copying = base != UINT64_MAX;
	s->done = start;
	s->from = next.base_offset;
	return next.extra_len || s->copying ? add_step(steps, next, err) : 0;
}

/* The longest match at `at`: a whole block, or else what the search finds. */
static size_t find_match(const struct search *s, size_t at, uint64_t *base)
{
	size_t len = 0;

	if (at % BLOCK_BYTES == 0 && s->len - at >= BLOCK_BYTES &&
		blocks_find(s->m->blocks, s->cell + at, base))
		return exact_len(s, at, *base);
	size_t found = suffix_find(s->m->suffix, s->cell + at, s->len - at, &len);
	if (len == 0)
		return 0;
	*base = text_to_base(s->m, found);
	return exact_len(s, at, *base);
}

/* How many bytes can be passed since the copy goes on well enough there. */
static size_t goes_on(const struct search *s, size_t at)
{
	uint64_t base = s->from + (at - s->done);
	size_t len = s->copying ? exact_len(s, at, base) : 0;

	if (len >= KEEP_BYTES)
		return len;
	if (s->copying && count_equal(s, at, base, VIEW_BYTES) >= VIEW_EQUAL)
		return len + 1;
	return 0;
}

int matcher_find(const struct matcher *m, const uint8_t *cell, size_t len, struct steps *steps,
	struct err *err)
{
	struct search s = {.m = m, .cell = cell, .len = len, .steps = steps};
	uint64_t base;

	steps->n = 0;
	for (size_t at = 0; at < len;) {
		size_t pass = goes_on(&s, at);
		if (pass) {
			at += pass;
			continue;
		}
		size_t found = find_match(&s, at, &base);
		unsigned now = s.copying ? count_equal(&s, at, s.from + (at - s.done), found) : 0;
		if (found < FIND_BYTES || found <= now + GAIN_BYTES) {
			at++;
			continue;
		}
		if (turn_to(&s, at, base, err) < 0)
			return -1;
		at += found;
	}
	return turn_to(&s, len, UINT64_MAX, err);
}
