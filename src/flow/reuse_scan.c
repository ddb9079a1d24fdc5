/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/chunkscan.h"
#include "flow/reuse_plan.h"

/* Which chunks have a hash: numbers plus 1 at the hash's place or behind it, 0 ends the row. */
struct lookup {
	struct reuse_plan *p;
	uint32_t *numbers;
	size_t mask;
	enum place_kind kind; /* of the slot that is read */
	uint32_t missing;     /* chunks that were not found so far */
};

static int fill_lookup(struct lookup *l, struct err *err)
{
	uint32_t n = l->p->list.n_chunks;
	size_t room = 2;

	while (room < 2 * (size_t)n)
		room *= 2;
	l->mask = room - 1;
	l->missing = n;
	l->numbers = calloc(room, sizeof(*l->numbers));
	if (!l->numbers)
		return err_set(err, OTA_FAILED, "out of memory");
	for (uint32_t i = 0; i < n; i++) {
		size_t at = chunks_get(&l->p->list, i).hash & l->mask;
		while (l->numbers[at])
			at = (at + 1) & l->mask;
		l->numbers[at] = i + 1;
	}
	return 0;
}

static int look_up(void *ctx, const struct scanned_chunk *c, struct err *err)
{
	struct lookup *l = ctx;
	uint64_t hash = chunk_hash_of(&c->digest);

	(void)err;
	for (size_t at = hash & l->mask; !c->zeros && l->numbers[at]; at = (at + 1) & l->mask) {
		uint32_t number = l->numbers[at] - 1;
		struct chunk chunk = chunks_get(&l->p->list, number);
		struct place *place = &l->p->places[number];
		if (chunk.hash != hash || chunk.len != c->len || place->kind != PLACE_NOWHERE)
			continue;
		*place = (struct place){l->kind, c->offset};
		l->missing--;
	}
	return 0;
}

static int read_slot(void *ctx, void *data, size_t len, uint64_t offset, struct err *err)
{
	return slot_read(ctx, data, len, offset, err);
}

/* What cannot be read holds nothing more. */
static int scan_one(struct lookup *l, struct slot *slot, struct err *err)
{
	const struct chunk_list *list = &l->p->list;
	struct chunker chunker;

	chunker_init(&chunker, list->unit_bytes, list->min_bytes, list->max_bytes);
	const struct chunk_scan scan = {
		&chunker, read_slot, slot, slot->size_bytes, look_up, l, l->p->r.progress};
	progress_step(l->p->r.progress, "look", slot->size_bytes);
	if (chunk_scan(&scan, err) < 0 && err->code != OTA_IO && err->code != OTA_CORRUPT)
		return -1;
	progress_done(l->p->r.progress);
	return 0;
}

int reuse_scan(struct reuse_plan *p, struct err *err)
{
	struct lookup l = {.p = p};
	int rc = fill_lookup(&l, err);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(p->slots) && l.missing; i++) {
		l.kind = i == 0 ? PLACE_RUNNING : PLACE_OTHER;
		if (p->slots[i].fd >= 0)
			rc = scan_one(&l, &p->slots[i], err);
	}
	free(l.numbers);
	return rc;
}
