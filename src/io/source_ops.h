/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each form of a source is made of: only source.c and the files source_*.c look in here.
 */
#ifndef OTA_IO_SOURCE_OPS_H
#define OTA_IO_SOURCE_OPS_H

#include "io/layout.h"
#include "io/source.h"

struct registry;

struct source_ops {
	const char *prefix; /* of a text that has this form */

	/* Sets place and tag, and what the form needs; nothing is read yet. */
	int (*open)(struct source *s, const char *text, const struct source_options *options,
		struct err *err);
	void (*close)(struct source *s); /* NULL: nothing to do */
	int (*find)(struct source *s, const char *tag, struct descriptor *d, bool *found,
		struct err *err);
	/* The index that a server makes of them; NULL: there is none but that of the tag. */
	int (*referrers)(struct source *s, const struct digest *subject, const char *artifact_type,
		struct buf *out, bool *found, struct err *err);
	int (*stream)(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
		const struct sink *sink, struct err *err);
	/* NULL: one part after the other is as good. */
	void (*lanes)(struct source *s, const struct descriptor *d, unsigned n,
		const struct http_lanes_user *user);
};

struct source {
	const struct source_ops *ops;
	char place[PATH_MAX];
	char tag[TAG_LEN];
	struct http *http;         /* NULL for a folder */
	uint64_t told_bytes;       /* of what came, by source_new_bytes() */
	struct registry *registry; /* of a registry; it owns http */
	struct buf kept;           /* a web server's index.json, a registry's last manifest */
	struct descriptor kept_as; /* of that manifest; size 0: there is none */
};

extern const struct source_ops source_dir, source_http, source_https, source_registry;

#endif
