/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/suffix.h"

#include <stdlib.h>
#include <string.h>

#include "base/loaded.h"
#include "base/mem.h"

#define PAIRS 65536
#define LOOK_MAX 512 /* a match this long is long enough to tell a place */

struct suffix {
	const uint8_t *text;
	size_t len;
	int32_t *sorted;
	uint32_t first[PAIRS + 1]; /* of the suffixes that begin with these two bytes */
};

typedef int32_t sort_fn(const uint8_t *text, int32_t *sorted, int32_t len);

static sort_fn *load_sort(struct err *err)
{
	static sort_fn *sort;
	static const struct loaded_symbol all[] = {{"divsufsort", &sort}};

	if (!sort && loaded_library("libdivsufsort.so.3", "making deltas needs libdivsufsort", all,
			     ARRAY_LEN(all), err) < 0)
		err_hint(err, "install it: apt-get install libdivsufsort3");
	return sort;
}

static void count_pairs(struct suffix *s)
{
	for (size_t n = 0; n + 1 < s->len; n++)
		s->first[(s->text[n] << 8 | s->text[n + 1]) + 1]++;
	for (size_t pair = 0; pair < PAIRS; pair++) {
		/* the last byte alone sorts before all pairs that begin with it */
		if (s->len && pair == (size_t)s->text[s->len - 1] << 8)
			s->first[pair]++;
		s->first[pair + 1] += s->first[pair];
	}
}

struct suffix *suffix_new(const uint8_t *text, size_t len, struct err *err)
{
	sort_fn *sort = load_sort(err);
	struct suffix *s = sort ? calloc(1, sizeof(*s)) : NULL;

	if (!sort)
		return NULL;
	if (s) {
		s->text = text;
		s->len = len;
		s->sorted = malloc((len ? len : 1) * sizeof(*s->sorted));
	}
	if (!s || !s->sorted || (len && sort(text, s->sorted, (int32_t)len) != 0)) {
		err_set(err, OTA_FAILED, "out of memory for a suffix array of %zu bytes", len);
		suffix_free(s);
		return NULL;
	}
	count_pairs(s);
	return s;
}

void suffix_free(struct suffix *s)
{
	if (s)
		free(s->sorted);
	free(s);
}

static size_t common(
	const struct suffix *s, size_t at, const uint8_t *what, size_t from, size_t len)
{
	const uint8_t *text = s->text + at;
	size_t most = s->len - at < len ? s->len - at : len;

	while (from < most && text[from] == what[from])
		from++;
	return from;
}

size_t suffix_find(const struct suffix *s, const uint8_t *what, size_t what_len, size_t *match_len)
{
	size_t len = what_len < LOOK_MAX ? what_len : LOOK_MAX, best = 0, best_len = 0;
	size_t low_len = 2, high_len = 2;

	*match_len = 0;
	if (len < 2)
		return 0;
	unsigned pair = what[0] << 8 | what[1];
	size_t low = s->first[pair], high = s->first[pair + 1];
	if (high > low && (size_t)s->sorted[high - 1] + 1 == s->len)
		high--; /* the last byte alone, which is of the next pair if of any */
	while (low < high) {
		size_t middle = low + (high - low) / 2, at = (size_t)s->sorted[middle];
		size_t n = common(s, at, what, low_len < high_len ? low_len : high_len, len);
		if (n > best_len) {
			best_len = n;
			best = at;
		}
		if (n == len)
			break;
		if (at + n == s->len || s->text[at + n] < what[n]) {
			low = middle + 1;
			low_len = n;
		} else {
			high = middle;
			high_len = n;
		}
	}
	*match_len = best_len;
	return best;
}
