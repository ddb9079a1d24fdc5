/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/inspect_blob.h"

struct blob_hashing {
	struct digest_state *hash;
	const struct progress *progress;
	uint64_t done_bytes;
};

static int add_bytes(void *ctx, const void *data, size_t len, struct err *err)
{
	struct blob_hashing *h = ctx;

	h->done_bytes += len;
	progress_advance(h->progress, h->done_bytes);
	return digest_add(h->hash, data, len, err);
}

static int check_blob(struct source *source, const struct descriptor *blob,
	const struct progress *progress, struct err *err)
{
	AUTO_DIGEST *hash = digest_begin(err);
	struct blob_hashing hashing = {hash, progress, 0};
	const struct sink sink = {add_bytes, &hashing};
	struct digest is;

	progress_step(progress, "inspect", blob->size);
	if (!hash || source_stream(source, blob, 0, blob->size, &sink, err) < 0 ||
		digest_end(&hash, &is, err) < 0)
		return -1;
	progress_done(progress);
	if (digest_equal(&is, &blob->digest))
		return 0;
	return err_set(err, OTA_CORRUPT, "the blob's bytes are not its digest's");
}

int inspect_deltas(struct source *source, const struct delta_list *deltas,
	const struct progress *progress, struct err *err)
{
	char name[DIGEST_TEXT_LEN];

	for (size_t i = 0; i < deltas->n; i++) {
		const struct delta_listed *d = &deltas->items[i];
		if (d->is_sound && check_blob(source, &d->artifact.blob, progress, err) == 0)
			continue;
		if (!d->is_sound)
			*err = d->fault;
		digest_text(&d->manifest.digest, name);
		return err_wrap(err, "it is sound itself, its delta %s is not", name);
	}
	return 0;
}
