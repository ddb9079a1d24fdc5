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

#define TAG_FETCHED "fetched"
#define UPDATE_LOCK "lock.update" /* held by `ota lock` */

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

/* Keeps a release whose layer lies in the store already: its small blobs, then the tag. */
int store_keep(const char *dir, const struct authentic *a, struct err *err) MUST_USE;

/* What was fetched, as a source like any other. Errors: nothing (nothing is fetched). */
struct source *store_source(const char *dir, struct err *err) MUST_USE;

/* Forgets what was fetched and removes what nothing names any more. */
int store_forget_fetched(const char *dir, struct err *err) MUST_USE;

/* STORE/partial/HEX, the part of a layer that has arrived. */
int store_partial_path(
	const char *dir, const struct digest *layer, char path[PATH_MAX], struct err *err) MUST_USE;

/* Removes the parts of all layers but one (NULL: of all). */
void store_sweep_partial(const char *dir, const struct digest *keep);

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
