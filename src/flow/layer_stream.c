/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/layer_stream.h"

struct decoding {
	struct coding_decoder *decoder;
	struct digest_state *coded_hash, *raw_hash;
	uint64_t coded_bytes, raw_bytes;
	const struct sink *sink;
	const struct progress *progress;
};

static int put_raw(void *ctx, const void *data, size_t len, struct err *err)
{
	struct decoding *d = ctx;

	d->raw_bytes += len;
	if (digest_add(d->raw_hash, data, len, err) < 0)
		return -1;
	return d->sink ? d->sink->put(d->sink->ctx, data, len, err) : 0;
}

static int put_coded(void *ctx, const void *data, size_t len, struct err *err)
{
	struct decoding *d = ctx;
	const struct sink sink = {put_raw, d};

	d->coded_bytes += len;
	progress_advance(d->progress, d->coded_bytes);
	return digest_add(d->coded_hash, data, len, err) < 0
		       ? -1
		       : coding_decode(d->decoder, data, len, &sink, err);
}

static int check(struct decoding *d, const struct oci_layer *layer, struct err *err)
{
	struct digest coded, raw;

	if (coding_end(d->decoder, err) < 0 || digest_end(&d->coded_hash, &coded, err) < 0 ||
		digest_end(&d->raw_hash, &raw, err) < 0)
		return -1;
	if (!digest_equal(&coded, &layer->blob.digest))
		return err_set(err, OTA_CORRUPT, "its bytes are not those of the digest");
	if (!digest_equal(&raw, &layer->diff_id))
		return err_set(err, OTA_CORRUPT, "its tar stream is not that of the diffID");
	return 0;
}

int layer_stream(struct source *source, const struct oci_layer *layer, const char *what,
	const struct sink *sink, uint64_t *bytes, const struct progress *progress, struct err *err)
{
	struct decoding d = {.decoder = coding_decoder_new(layer->coding, err),
		.coded_hash = digest_begin(err),
		.raw_hash = digest_begin(err),
		.sink = sink,
		.progress = progress};
	const struct sink coded = {put_coded, &d};
	bool ready = d.decoder && d.coded_hash && d.raw_hash;

	progress_step(progress, what, layer->blob.size);
	int rc = ready ? source_stream(source, &layer->blob, 0, layer->blob.size, &coded, err) : -1;
	if (rc == 0)
		rc = check(&d, layer, err);
	if (rc == 0)
		progress_done(progress);
	*bytes = d.raw_bytes;
	coding_decoder_free(d.decoder);
	digest_drop(&d.coded_hash);
	digest_drop(&d.raw_hash);
	return rc;
}
