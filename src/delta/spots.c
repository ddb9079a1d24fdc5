/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/spots.h"

#include <stdlib.h>
#include <string.h>

#include "delta/bytes.h"
#include "delta/moves.h"
#include "release/index.h"

#define SPOT 4
#define HORIZON 8192 /* how far ahead the next unforeseen spot is looked for */
#define PLACES 65536 /* two bytes before */
#define CLASSES 4096 /* places share what is learned of them */
#define GUESSES 4096
#define GUESS_SHIFT 10 /* addresses so near to each other move together */
#define FADED_MAX 64
#define FADED_ODDS 0xfb00 /* a place where a spot comes less often than this is none to look at */
#define PATIENCE_MAX 7

/* How far an address was moved that is near to `key`. */
struct guess {
	uint32_t key, moved;
};

struct spots {
	uint64_t watched[PLACES / 64]; /* a bit for each place that spots are expected at */
	uint16_t faded[FADED_MAX];     /* places to watch no longer, from the next horizon on */
	unsigned n_faded;
	struct prob is_spot[CLASSES][N_KNOWN];
	struct guess relative[GUESSES], absolute[GUESSES];
	int8_t prefers_absolute[CLASSES];
	uint32_t last_gap;
	unsigned last_same;
	struct prob none_ahead, same_gap[2];
	struct moves moves;
	struct number gap;
	uint8_t patience[PLACES],
		seen[PLACES];               /* log2 of the spots until a place is watched again */
	uint64_t plan[CELL_BYTES_MAX / 64]; /* where the encoder wants spots to start */
	uint32_t planned[RECENT];           /* and by how much the last of them move */
};

struct spots *spots_new(void)
{
	return malloc(sizeof(struct spots));
}

void spots_free(struct spots *s)
{
	free(s);
}

void spots_reset(struct spots *s)
{
	memset(s, 0, sizeof(*s));
	prob_reset(s->is_spot, sizeof(s->is_spot));
	prob_reset(&s->none_ahead, sizeof(s->none_ahead));
	prob_reset(s->same_gap, sizeof(s->same_gap));
	prob_reset(&s->gap, sizeof(s->gap));
	moves_reset(&s->moves);
}

static uint32_t load(const uint8_t *p, size_t len)
{
	uint32_t v = 0;

	if (len >= SPOT)
		return le_get32(p);
	memcpy(&v, p, len);
	return le32toh(v);
}

static void store(uint8_t *p, size_t len, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, len < SPOT ? len : SPOT);
}

static inline unsigned place_of(const uint8_t *cell, size_t at)
{
	return at < 2 ? 0 : le_get16(cell + at - 2);
}

static inline bool is_watched(const struct spots *s, unsigned place)
{
	return s->watched[place / 64] >> place % 64 & 1;
}

static unsigned class_of(unsigned place)
{
	return (place * 0x9e3779b1u) >> 20;
}

static struct guess *guess_at(struct guess *guesses, uint32_t key)
{
	return &guesses[(key * 0x9e3779b1u) >> 20];
}

/* What is known at one place: of what its four bytes point to if they are an address. */
struct site {
	size_t at, len;
	unsigned place, class;
	uint32_t value, lag; /* lag: how far the copy itself was moved */
	uint32_t relative_key, absolute_key;
	struct guess *relative, *absolute;
	enum known known;
	uint32_t guessed;
};

static void guess(const struct spots *s, struct site *site)
{
	bool relative = site->relative->key == site->relative_key;
	bool absolute = site->absolute->key == site->absolute_key;

	site->known = NOTHING_KNOWN;
	if (absolute && (!relative || s->prefers_absolute[site->class] > 0))
		site->guessed = site->absolute->moved;
	else if (relative)
		site->guessed = site->relative->moved - site->lag;
	else
		return;
	site->known = site->guessed ? MOVES : STAYS;
}

static void look_at(struct spots *s, const struct spots_copy *copy, size_t at, struct site *site)
{
	uint32_t base = (uint32_t)copy->base_offset + (uint32_t)(at - copy->from);

	site->at = at;
	site->len = copy->to - at < SPOT ? copy->to - at : SPOT;
	site->place = place_of(copy->raw, at);
	site->class = class_of(site->place);
	site->value = load(copy->raw + at, site->len);
	site->lag = (uint32_t)copy->position - (uint32_t)copy->base_offset;
	site->relative_key = ((base + site->value) >> GUESS_SHIFT) + 1;
	site->absolute_key = (site->value >> GUESS_SHIFT) + 1;
	site->relative = guess_at(s->relative, site->relative_key);
	site->absolute = guess_at(s->absolute, site->absolute_key);
	guess(s, site);
}

/* Remembers by how much the address there was moved. */
static void learn(struct spots *s, const struct site *site, uint32_t moved)
{
	int8_t *prefers = &s->prefers_absolute[site->class];
	bool relative = site->relative->key == site->relative_key &&
			site->relative->moved - site->lag == moved;
	bool absolute = site->absolute->key == site->absolute_key && site->absolute->moved == moved;

	if (absolute && !relative && *prefers < 15)
		++*prefers;
	if (relative && !absolute && *prefers > -15)
		--*prefers;
	*site->relative = (struct guess){site->relative_key, moved + site->lag};
	*site->absolute = (struct guess){site->absolute_key, moved};
}

static void code_spot(
	struct spots *s, struct coder *c, const struct spots_copy *copy, const struct site *site)
{
	uint32_t moved = copy->want ? load(copy->want + site->at, site->len) - site->value : 0;

	if (site->len < SPOT)
		moved &= (1u << 8 * site->len) - 1;
	moved = moves_code(&s->moves, c, site->class & 0xff, site->known, site->guessed, moved);
	store(copy->raw + site->at, site->len, site->value + moved);
	learn(s, site, moved);
}

/* A spot where none was expected: from the second, fourth, eighth... on its place is watched. */
static void watch(struct spots *s, unsigned place)
{
	if (is_watched(s, place) || ++s->seen[place] < 1u << s->patience[place])
		return;
	s->seen[place] = 0;
	s->watched[place / 64] |= UINT64_C(1) << place % 64;
	prob_reset(s->is_spot[class_of(place)], sizeof(s->is_spot[0]));
}

static void forget_faded(struct spots *s)
{
	while (s->n_faded > 0) {
		unsigned place = s->faded[--s->n_faded];
		s->watched[place / 64] &= ~(UINT64_C(1) << place % 64);
		if (s->patience[place] < PATIENCE_MAX)
			s->patience[place]++;
	}
}

static bool is_planned(const struct spots *s, size_t at)
{
	return s->plan[at / 64] >> at % 64 & 1;
}

/* The encoder's: the next planned spot at a place that is not watched. */
static size_t find_unforeseen(
	const struct spots *s, const struct spots_copy *copy, size_t from, size_t end)
{
	for (size_t at = from; at < end; at++) {
		if (s->plan[at / 64] == 0)
			at |= 63;
		else if (is_planned(s, at) && !is_watched(s, place_of(copy->want, at)))
			return at;
	}
	return end;
}

/* Where the next spot stands that the watched places do not tell of; `end` if there is none. */
static size_t code_unforeseen(
	struct spots *s, struct coder *c, const struct spots_copy *copy, size_t from, size_t end)
{
	size_t at = 0;

	forget_faded(s);
	if (c->encoding)
		at = find_unforeseen(s, copy, from, end);
	if (coder_bit(c, &s->none_ahead, at == end))
		return end;
	uint32_t gap = (uint32_t)(at - from);
	s->last_same = coder_bit(c, &s->same_gap[s->last_same], gap == s->last_gap);
	if (!s->last_same)
		s->last_gap = coder_number(c, &s->gap, gap);
	return s->last_gap < end - from ? from + s->last_gap : end;
}

static size_t next_watched(const struct spots *s, const uint8_t *raw, size_t at, size_t end)
{
	for (; at < 2 && at < end; at++)
		if (is_watched(s, 0))
			return at;
	for (; at < end; at++)
		if (is_watched(s, le_get16(raw + at - 2)))
			return at;
	return at;
}

static bool code_whether(struct spots *s, struct coder *c, const struct site *site)
{
	struct prob *p = &s->is_spot[site->class][site->known];

	if (coder_bit(c, p, c->encoding && is_planned(s, site->at)))
		return true;
	learn(s, site, 0);
	if (p->slow > FADED_ODDS && p->fast > FADED_ODDS && s->n_faded < FADED_MAX)
		s->faded[s->n_faded++] = (uint16_t)site->place;
	return false;
}

/* From one unforeseen spot, or horizon, to the next. */
static size_t code_stretch(
	struct spots *s, struct coder *c, const struct spots_copy *copy, size_t at)
{
	size_t end = copy->to - at < HORIZON ? copy->to : at + HORIZON;
	size_t unforeseen = code_unforeseen(s, c, copy, at, end);
	struct site site;

	while ((at = next_watched(s, copy->raw, at, unforeseen)) < unforeseen) {
		look_at(s, copy, at, &site);
		if (code_whether(s, c, &site)) {
			code_spot(s, c, copy, &site);
			at += site.len;
		} else {
			at++;
		}
	}
	if (at >= end)
		return at;
	look_at(s, copy, at, &site);
	code_spot(s, c, copy, &site);
	watch(s, site.place);
	return at + site.len;
}

void spots_code(struct spots *s, struct coder *c, const struct spots_copy *copy)
{
	size_t at = copy->from;

	while (at < copy->to)
		at = code_stretch(s, c, copy, at);
}

/* Of the places from which four bytes reach the difference, the one that makes most sense. */
static size_t plan_spot(struct spots *s, const struct spots_copy *copy, size_t first, size_t cursor)
{
	size_t best = first;
	int best_worth = -1;

	for (size_t at = first; at + SPOT > first && at >= cursor; at--) {
		if (copy->to - at < SPOT)
			return first;
		uint32_t moved = le_get32(copy->want + at) - le_get32(copy->raw + at);
		int worth = (s->planned[recent_find(s->planned, moved)] == moved ? 4 : 0) +
			    (is_watched(s, place_of(copy->want, at)) ? 2 : 0) + (at == first);
		if (worth > best_worth) {
			best_worth = worth;
			best = at;
		}
		if (at == 0)
			break;
	}
	uint32_t moved = le_get32(copy->want + best) - le_get32(copy->raw + best);
	recent_keep(s->planned, recent_find(s->planned, moved), moved);
	return best;
}

void spots_plan(struct spots *s, const struct spots_copy *copy)
{
	size_t at = copy->from, cursor = copy->from;

	memset(s->plan, 0, sizeof(s->plan));
	while (at < copy->to) {
		if (copy->raw[at] == copy->want[at]) {
			at++;
			continue;
		}
		size_t spot = plan_spot(s, copy, at, cursor);
		s->plan[spot / 64] |= UINT64_C(1) << spot % 64;
		at = cursor = spot + SPOT;
	}
}
