/* SPDX-License-Identifier: Apache-2.0 */
/* A source that is a folder. */
#include <stdlib.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "io/source_ops.h"

#define CHUNK_BYTES 65536

static int open_dir(
	struct source *s, const char *text, const struct source_options *options, struct err *err)
{
	(void)options;
	return layout_split(text, s->place, s->tag, err);
}

static int find(
	struct source *s, const char *tag, struct descriptor *d, bool *found, struct err *err)
{
	*found = layout_tag_get(s->place, tag, d, err) == 0;
	if (*found || err->code == OTA_REFUSED)
		return 0;
	if (err->code == OTA_IO && !err->hint[0])
		err_hint(err, "is it mounted, and the folder with index.json? ls %s", s->place);
	return -1;
}

static int stream(struct source *s, const struct descriptor *d, uint64_t offset, uint64_t len,
	const struct sink *sink, struct err *err)
{
	AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
	AUTO_FD fd = layout_blob_open(s->place, d, err);

	if (fd < 0)
		return -1;
	if (!chunk)
		return err_set(err, OTA_FAILED, "out of memory");
	while (len > 0) {
		size_t n = len < CHUNK_BYTES ? (size_t)len : CHUNK_BYTES;
		if (interrupt_check(err) < 0 ||
			file_pread(fd, chunk, n, offset, s->place, err) < 0 ||
			sink->put(sink->ctx, chunk, n, err) < 0)
			return -1;
		offset += n;
		len -= n;
	}
	return 0;
}

const struct source_ops source_dir = {"oci:", open_dir, NULL, find, NULL, stream, NULL};
