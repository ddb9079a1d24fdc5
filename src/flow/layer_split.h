/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar stream of a layer in the store, opened to be read again.
 */
#ifndef OTA_FLOW_LAYER_SPLIT_H
#define OTA_FLOW_LAYER_SPLIT_H

#include "oci/split.h"

struct layer_split {
	int tree_fd, split_fd;
	struct split *split;
	bool is_missing; /* there is a tree, and no split: the layer replaced files of its own */
};

#define LAYER_SPLIT_CLOSED                                                                         \
	{                                                                                          \
		.tree_fd = -1, .split_fd = -1                                                      \
	}

/* `path` is the layer's folder; `name` is what messages call it, and stays the caller's. Errors:
 * corrupt, io; close it also then. */
int layer_split_open(
	struct layer_split *l, const char *path, const char *name, struct err *err) MUST_USE;
void layer_split_close(struct layer_split *l);

#define AUTO_LAYER_SPLIT CLEANUP(layer_split_close) struct layer_split

#endif
