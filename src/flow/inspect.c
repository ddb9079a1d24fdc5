/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/inspect.h"

#include "flow/inspect_blob.h"
#include "flow/transfer.h"

struct hashing {
	struct digest_state *raw;
	uint32_t cell_bytes;
};

/* Of a run of zeros the decoder holds one cell, which stands for all of them. */
static int add_raw(
	void *ctx, const struct frame *f, const struct frame_decoder *decoder, struct err *err)
{
	struct hashing *h = ctx;

	for (uint64_t left = f->raw_len; left > 0;) {
		size_t n = left < h->cell_bytes ? (size_t)left : h->cell_bytes;
		if (digest_add(h->raw, decoder->raw, n, err) < 0)
			return -1;
		left -= n;
	}
	return 0;
}

static int check_image(struct source *source, const struct image *image,
	const struct image_index *index, const struct progress *progress, struct err *err)
{
	AUTO_DIGEST *raw = digest_begin(err);
	AUTO_FRAME_SET have = {0};
	struct hashing hashing = {raw, index->frames.cell_bytes};
	const struct transfer transfer = {
		source, &image->layer, &index->frames, &have, NULL, add_raw, &hashing, progress};
	struct digest digest;

	if (!raw || frame_set_init(&have, &index->frames, err) < 0)
		return -1;
	progress_step(progress, "inspect", image->layer.size);
	if (transfer_run(&transfer, err) < 0 || digest_end(&raw, &digest, err) < 0)
		return -1;
	progress_done(progress);
	if (digest_equal(&digest, &image->raw_digest))
		return 0;
	return err_set(
		err, OTA_CORRUPT, "the hash of image %s is not the one in the config", image->name);
}

static int hash_piece(void *ctx, const void *data, size_t len, struct err *err)
{
	return digest_add(ctx, data, len, err);
}

/* A layer for reuse is only held against its digest: whoever uses it checks what it gives. */
static int check_reuse(struct source *source, const struct descriptor *layer, struct err *err)
{
	AUTO_DIGEST *hash = digest_begin(err);
	const struct sink sink = {hash_piece, hash};
	struct digest digest;

	if (!layer->size)
		return 0;
	if (!hash || source_stream(source, layer, 0, layer->size, &sink, err) < 0 ||
		digest_end(&hash, &digest, err) < 0)
		return -1;
	if (digest_equal(&digest, &layer->digest))
		return 0;
	return err_set(
		err, OTA_CORRUPT, "the layer %s is not what the manifest says", layer->media_type);
}

static void describe_rootfs(const struct frame_index *frames, struct inspection *result)
{
	struct frame f = {0};

	result->cell_bytes = frames->cell_bytes;
	result->n_entries = frames->n_entries;
	while (index_next(frames, &f))
		result->zero_bytes += f.zeros ? f.raw_len : 0;
}

static int check_images(struct source *source, const struct progress *progress,
	struct inspection *result, struct err *err)
{
	const struct release *r = &result->a.release;
	AUTO_IMAGE_INDEX index = IMAGE_INDEX;

	for (size_t i = 0; i < r->n_images; i++) {
		const struct image *image = &r->images[i];
		if (image_index_load(source, image, &index, err) < 0 ||
			check_image(source, image, &index, progress, err) < 0 ||
			check_reuse(source, &image->chunks, err) < 0 ||
			check_reuse(source, &image->data, err) < 0)
			return -1;
		if (image == release_rootfs(r))
			describe_rootfs(&index.frames, result);
	}
	return 0;
}

static int check_deltas(struct source *source, const struct keyring *keyring,
	const struct progress *progress, struct inspection *result, struct err *err)
{
	const struct authentic *a = &result->a;

	if (deltas_list(source, keyring, &a->manifest, &a->release, &result->deltas, err) < 0)
		return -1;
	return inspect_deltas(source, &result->deltas, progress, err);
}

int inspect_release(struct source *source, const struct keyring *keyring,
	const struct progress *progress, struct inspection *result, struct err *err)
{
	struct authentic *a = &result->a;

	if (authentic_load_unverified(source, a, err) < 0)
		return -1;
	if (keyring)
		a->signers = signatures_signers(&a->signatures, &a->manifest.digest, keyring);
	if (check_images(source, progress, result, err) < 0 ||
		check_deltas(source, keyring, progress, result, err) < 0)
		return err_wrap(err, "%s", source_name(source));
	return 0;
}
