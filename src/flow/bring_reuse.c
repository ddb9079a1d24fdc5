/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/bring_reuse.h"

#include <stdlib.h>

#include "base/file.h"
#include "flow/bring_delta.h"
#include "flow/store.h"

static int plan(struct bring_reuse *reuse, const struct bring *b, const struct image *image,
	struct reuse_cost *cost, struct err *err)
{
	struct partial *p = &reuse->partial;

	if (partial_open(b, image, p, err) < 0 ||
		frame_set_init(&reuse->known, &p->index.frames, err) < 0)
		return -1;
	frame_set_merge(&reuse->known, &p->have, &p->index.frames);
	const struct reuse r = {.store = b->d->store,
		.source = b->source,
		.image = image,
		.index = &p->index.frames,
		.have = &reuse->known,
		.running = device_slot(b->d, b->running),
		.other = device_slot(b->d, slot_other(b->running)),
		.progress = b->progress,
		.dry = b->dry};
	reuse->plan = reuse_plan(&r, cost, err);
	return reuse->plan ? 0 : -1;
}

struct bring_reuse *bring_reuse_plan(
	const struct bring *b, const struct image *image, struct reuse_cost *cost, struct err *err)
{
	struct bring_reuse *reuse = malloc(sizeof(*reuse));

	if (!reuse) {
		err_set(err, OTA_FAILED, "out of memory");
		return NULL;
	}
	*reuse = (struct bring_reuse){.partial = PARTIAL};
	if (plan(reuse, b, image, cost, err) == 0)
		return reuse;
	bring_reuse_free(reuse);
	return NULL;
}

void bring_reuse_free(struct bring_reuse *reuse)
{
	if (!reuse)
		return;
	cleanup_reuse(&reuse->plan);
	cleanup_frame_set(&reuse->known);
	partial_close(&reuse->partial);
	free(reuse);
}

int bring_reuse(const struct bring *b, const struct image *image, struct bring_reuse *reuse,
	uint64_t *whole_bytes, struct err *err)
{
	const struct frame_index *index = &reuse->partial.index.frames;
	AUTO_FRAME_SET made = {0};
	struct frame f = {0};
	char path[PATH_MAX];

	if (store_partial_path(
		    b->d->store, &image->layer.digest, &image->chunks.digest, path, err) < 0 ||
		reuse_run(reuse->plan, path, err) < 0 || frame_set_init(&made, index, err) < 0)
		return -1;
	while (index_next(index, &f))
		if (frame_set_has(&reuse->known, &f) && !frame_set_has(&reuse->partial.have, &f))
			frame_set_add(&made, &f);
	if (bring_delta_finish(b, image, &reuse->partial, &made, path, whole_bytes, err) < 0)
		return -1;
	/* what came is in the delta now */
	return store_partial_path(
		       b->d->store, &image->layer.digest, &image->data.digest, path, err) < 0
		       ? -1
		       : file_remove(path, err);
}
