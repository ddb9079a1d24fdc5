/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/inspect.h"

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

static int check_image(struct source *source, const struct authentic *a,
	const struct progress *progress, struct err *err)
{
	AUTO_DIGEST *raw = digest_begin(err);
	AUTO_FRAME_SET have = {0};
	struct hashing hashing = {raw, a->index.cell_bytes};
	const struct transfer transfer = {
		source, &a->release.image, &a->index, &have, NULL, add_raw, &hashing, progress};
	struct digest digest;

	if (!raw || frame_set_init(&have, &a->index, err) < 0)
		return -1;
	progress_step(progress, "inspect", a->release.image.size);
	if (transfer_run(&transfer, err) < 0 || digest_end(&raw, &digest, err) < 0)
		return -1;
	progress_done(progress);
	if (digest_equal(&digest, &a->release.raw_digest))
		return 0;
	return err_set(err, OTA_CORRUPT, "the image's hash is not the one in its config");
}

int inspect_release(struct source *source, const struct keyring *keyring,
	const struct progress *progress, struct inspection *result, struct err *err)
{
	struct authentic *a = &result->a;
	struct frame f = {0};

	if (authentic_load_unverified(source, a, err) < 0)
		return -1;
	if (keyring)
		a->signers = signatures_signers(&a->signatures, &a->manifest.digest, keyring);
	if (authentic_load_index(source, a, err) < 0 || check_image(source, a, progress, err) < 0)
		return err_wrap(err, "%s", source_name(source));
	while (index_next(&a->index, &f))
		result->zero_bytes += f.zeros ? f.raw_len : 0;
	return 0;
}
