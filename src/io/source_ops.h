/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each form of a source is made of: only source.c and the files source_*.c look in here.
 */
#ifndef OTA_IO_SOURCE_OPS_H
#define OTA_IO_SOURCE_OPS_H

#include "io/layout.h"
#include "io/source.h"

struct source_ops {
	const char *prefix; /* of a text that has this form */

	/* Sets place and tag, and what the form needs; nothing is read yet. */
	int (*open)(struct source *s, const char *text, const struct source_options *options,
		struct err *err);
	void (*close)(struct source *s); /* NULL: nothing to do */
	int (*find)(struct source *s, const char *tag, struct descriptor *d, bool *found,
		struct err *err);
	int (*stream)(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
		const struct sink *sink, struct err *err);
};

struct source {
	const struct source_ops *ops;
	char place[PATH_MAX];
	char tag[TAG_LEN];
	struct http *http; /* NULL for a folder */
	struct buf index;  /* a web server's index.json, once it was read */
};

extern const struct source_ops source_dir, source_http, source_https;

#endif
