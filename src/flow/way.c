/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/way.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "flow/bring.h"
#include "flow/bring_delta.h"
#include "flow/bring_reuse.h"
#include "slot/slot.h"

/* What a delta starts from: `version` is for people. */
struct base {
	struct digest content;
	char version[WORD_LEN];
};

/* Does the slot that runs begin with these very bytes? */
static int slot_begins_with(
	const struct bring *b, const struct delta_artifact *a, bool *is_it, struct err *err)
{
	struct digest is;
	struct slot slot;

	*is_it = false;
	if (slot_open(&slot, device_slot(b->d, b->running), SLOT_FOR_READING, err) < 0)
		return -1;
	int rc = 0;
	if (a->base_bytes <= slot.size_bytes) {
		rc = digest_of_file(slot.fd, a->base_bytes, slot.path, &is, err);
		*is_it = rc == 0 && digest_equal(&is, &a->base_digest);
	}
	slot_close(&slot);
	return rc;
}

/* A slot that nobody noted anything of, as a factory may leave it, is known by its bytes. */
static int recognise(const struct bring *b, const struct keyring *keyring,
	const struct authentic *a, struct base *base, bool *is_known, struct err *err)
{
	AUTO_FREE struct delta_list *list = malloc(sizeof(*list));

	if (!list)
		return err_set(err, OTA_FAILED, "out of memory for a list of deltas");
	/* a list that is no good is none */
	if (deltas_list(b->source, keyring, &a->manifest, &a->release, list, err) < 0)
		return err->code == OTA_CORRUPT || err->code == OTA_REFUSED ? 0 : -1;
	for (size_t i = 0; i < list->n && !*is_known; i++) {
		const struct delta_listed *item = &list->items[i];
		bool is_signed = (unsigned)__builtin_popcount(item->signers) >= b->d->signers;
		if (!item->is_sound || !is_signed)
			continue;
		if (slot_begins_with(b, &item->artifact, is_known, err) < 0)
			return -1;
		base->content = item->artifact.base_content;
		strcpy(base->version, item->artifact.base_version);
	}
	return 0;
}

static int find_base(const struct bring *b, const struct keyring *keyring,
	const struct authentic *a, const struct situation *s, struct base *base, bool *is_known,
	struct err *err)
{
	const struct slot_record *runs = &s->slots[s->running - 'a'];

	*is_known = runs->has_digest;
	if (!*is_known)
		return recognise(b, keyring, a, base, is_known, err);
	base->content = runs->content;
	strcpy(base->version, runs->version);
	return 0;
}

static int find_delta(const struct bring *b, const struct authentic *a, const struct situation *s,
	struct delta_found *found, bool *is_there, struct install_result *result, struct err *err)
{
	AUTO_KEYRING *keyring = keyring_load(b->d->trust, err);
	struct base base;
	bool is_known;

	if (!keyring || find_base(b, keyring, a, s, &base, &is_known, err) < 0)
		return -1;
	if (!is_known) {
		*is_there = false;
		snprintf(result->reason, sizeof(result->reason),
			"what runs is none that a delta starts from");
		return 0;
	}
	if (deltas_find(b->source, keyring, b->d->signers, &a->manifest, &a->release, &base.content,
		    1, found, is_there, err) < 0)
		return -1;
	if (*is_there)
		snprintf(result->reason, sizeof(result->reason), "a delta from %s", base.version);
	else
		snprintf(result->reason, sizeof(result->reason), "there is no delta from %s%s%s",
			base.version, found->passed_over[0] ? ": " : "", found->passed_over);
	return 0;
}

static int try_delta(const struct bring *b, const struct authentic *a, const struct situation *s,
	struct way *way, struct install_result *result, struct err *err)
{
	struct delta_found found;
	uint64_t there;
	bool is_there;

	if (find_delta(b, a, s, &found, &is_there, result, err) < 0)
		return -1;
	if (!is_there)
		return 0;
	const struct descriptor *blob = &found.artifact.blob;
	if (bring_delta_found(b, release_rootfs(b->release), blob, &there, err) < 0)
		return -1;
	if (blob->size - there >= result->image_bytes) {
		strcat(result->reason, " would be no smaller");
		return 0;
	}
	way->kind = WAY_DELTA;
	way->delta = *blob;
	result->found_bytes += there;
	result->moved_bytes += blob->size - there - result->image_bytes;
	return 0;
}

/* What the slots have of the image, whatever version that is; why there is no delta stays told. */
static int try_reuse(
	const struct bring *b, struct way *way, struct install_result *result, struct err *err)
{
	const struct image *image = release_rootfs(b->release);
	struct reuse_cost cost;
	char had[TEXT_BYTES_LEN];

	if (!reuse_is_offered(image) || image->chunks.size >= result->image_bytes)
		return 0;
	way->reuse = bring_reuse_plan(b, image, &cost, err);
	if (!way->reuse) /* a chunk list that is no good is none */
		return err->code == OTA_CORRUPT || err->code == OTA_REFUSED ? 0 : -1;
	if (cost.data_bytes >= result->image_bytes)
		return 0;
	way->kind = WAY_REUSE;
	way->room_bytes = cost.room_bytes;
	result->found_bytes += cost.kept_bytes;
	result->moved_bytes += cost.list_bytes + cost.data_bytes - result->image_bytes;
	text_bytes(cost.found_bytes, had);
	snprintf(result->reason, sizeof(result->reason), "reuse of %s from the slots", had);
	return 0;
}

int way_choose(const struct bring *b, const struct authentic *a, const struct situation *s,
	struct way *way, struct install_result *result, struct err *err)
{
	*way = (struct way){.kind = WAY_IMAGE};
	result->reason[0] = '\0';
	result->way = WAY_IMAGE;
	if (!result->image_bytes || b->frames_only)
		return 0;
	if (try_delta(b, a, s, way, result, err) < 0)
		return -1;
	if (way->kind == WAY_IMAGE && !b->straight && try_reuse(b, way, result, err) < 0)
		return -1;
	result->way = way->kind;
	return 0;
}

void way_free(struct way *way)
{
	bring_reuse_free(way->reuse);
	way->reuse = NULL;
}
