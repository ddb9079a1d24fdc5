/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: an image layout with our own folders beside it. A run that changes anything opens it,
 * which takes the run lock; closing it, or dying, lets the lock go.
 */
#ifndef OTA_FLOW_STORE_H
#define OTA_FLOW_STORE_H

#include <stdbool.h>

#include "flow/authentic.h"
#include "flow/writer.h"

#define TAG_FETCHED "fetched" /* what `write` takes */
#define TAG_WRITTEN                                                                                \
	"written" /* what was written straight from its source: its boot files alone               \
		   */
#define STORE_BUDGET "partial/budget" /* see budget.h */
#define UPDATE_LOCK "lock.update"     /* held by `ota lock` */

struct store {
	struct layout_writer writer;
	bool lost; /* it cannot be written: notes are not kept */
	struct err why;
};

#define STORE                                                                                      \
	{                                                                                          \
		.writer = WRITER                                                                   \
	}

/* Opens it, made where it is missing. Errors: busy (the message names the holder), io, space. */
int store_open(struct store *s, const char *dir, const char *who, struct err *err) MUST_USE;

/* The same for steps that must work without a store: only busy is an error, else s->lost is set. */
int store_open_if_possible(
	struct store *s, const char *dir, const char *who, struct err *err) MUST_USE;

/* Keeps a release whose layers and indexes lie in the store already, and whose signatures have
 * their config: its small blobs, then the tag, one of the two above. */
int store_keep(
	const char *dir, const char *tag, const struct authentic *a, struct err *err) MUST_USE;

/* Keeps the signatures of a manifest, whose config was loaded. */
int store_keep_signatures(const char *dir, const struct signatures *s,
	const struct digest *manifest, struct err *err) MUST_USE;

/* What the tag names, as a source like any other. Errors: nothing (there is none). */
struct source *store_source(const char *dir, const char *tag, struct err *err) MUST_USE;

/* Forgets what the tag names and removes what nothing names any more. */
int store_forget(const char *dir, const char *tag, struct err *err) MUST_USE;

/* The same for both tags, where what they name has done its service: a release of this content is
 * kept, or of a higher version, so that `write` does not go back by surprise. */
int store_forget_kept(const char *dir, const struct digest *content, const char *version,
	struct err *err) MUST_USE;

/* STORE/partial/HEX, the part of an image's layer that has arrived; with `way`, HEX-WAYHEX, the
 * part of a blob that makes the image another way. */
int store_partial_path(const char *dir, const struct digest *layer, const struct digest *way,
	char path[PATH_MAX], struct err *err) MUST_USE;

/* STORE/deltas/HEX: a delta blob that makes the image of this layer out of the slot that runs, but
 * for frames that wait in the layer's part. Complete once it is there. */
int store_delta_path(
	const char *dir, const struct digest *layer, char path[PATH_MAX], struct err *err) MUST_USE;
bool store_has_delta(const char *dir, const struct digest *layer);

/* Removes the parts of all layers but those of one release, whose budget is kept too (NULL: of
 * all). */
void store_sweep_partial(const char *dir, const struct release *keep);

/* Removes the deltas of all images but those of one release. */
void store_sweep_deltas(const char *dir, const struct release *keep);

/* The frame index of what a slot holds, to prove it again. Reading: corrupt or io where it is not
 * there. */
int store_index_write(
	const char *dir, char slot, const struct buf *index, struct err *err) MUST_USE;
int store_index_read(const char *dir, char slot, struct buf *index, struct err *err) MUST_USE;

static inline void cleanup_store(struct store *s)
{
	cleanup_writer(&s->writer);
}

#define AUTO_STORE CLEANUP(cleanup_store) struct store

#endif
