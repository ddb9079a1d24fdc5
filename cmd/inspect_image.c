/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/inspect_image.h"

#include "base/text.h"
#include "cmd/delta_json.h"
#include "cmd/output.h"

static void tell(struct front *front, const struct image_inspection *in, const struct keyring *k)
{
	const struct loaded_image *l = &in->l;
	char digest[DIGEST_TEXT_LEN], raw[TEXT_BYTES_LEN], coded[TEXT_BYTES_LEN];

	digest_text(&l->manifest.digest, digest);
	output_data(front, "image        %s/%s%s%s", l->image.os, l->image.architecture,
		l->image.variant[0] ? "/" : "", l->image.variant);
	output_data(front, "digest       %s", digest);
	for (size_t i = 0; i < l->image.n_layers; i++) {
		text_bytes(in->raw_bytes[i], raw);
		text_bytes(l->image.layers[i].blob.size, coded);
		digest_text(&l->image.layers[i].diff_id, digest);
		output_data(front, "layer        %.19s, %s as %s", digest, raw, coded);
	}
	output_data(front, "signatures   %zu", l->signatures.n);
	for (size_t i = 0; k && i < keyring_size(k); i++)
		if (l->signers & 1u << i)
			output_data(front, "signed by    %s", keyring_name(k, i));
	if (k && l->signatures.n && !l->signers)
		output_data(front, "signed by    nobody of the trust folder");
	deltas_tell(front, &in->deltas, k);
	output_data(front, "sound        yes: every byte was read and checked");
}

static json_t *layers_json(const struct image_inspection *in, struct err *err)
{
	AUTO_JSON *list = json_make(err, "[]");
	char diff_id[DIGEST_TEXT_LEN];

	for (size_t i = 0; list && i < in->l.image.n_layers; i++) {
		digest_text(&in->l.image.layers[i].diff_id, diff_id);
		if (json_append(list,
			    json_make(err, "{s:s, s:I, s:I}", "diff_id", diff_id, "raw_bytes",
				    (long long)in->raw_bytes[i], "bytes",
				    (long long)in->l.image.layers[i].blob.size),
			    err) < 0)
			return NULL;
	}
	json_t *taken = list;
	list = NULL;
	return taken;
}

static json_t *as_json(const struct image_inspection *in, const struct keyring *k, struct err *err)
{
	const struct loaded_image *l = &in->l;
	char digest[DIGEST_TEXT_LEN];
	json_t *layers = layers_json(in, err), *signers = signers_json(l->signers, k, err);
	json_t *deltas = deltas_json(&in->deltas, k, err);

	digest_text(&l->manifest.digest, digest);
	return json_make(err, "{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:b}", "digest", digest, "os",
		l->image.os, "architecture", l->image.architecture, "layers", layers, "signatures",
		(long long)l->signatures.n, "signers", signers, "deltas", deltas, "sound", 1);
}

int image_inspect(
	struct front *front, struct source *source, const struct keyring *keyring, struct err *err)
{
	AUTO_FREE struct image_inspection *in = calloc(1, sizeof(*in));

	if (!in)
		return err_set(err, OTA_FAILED, "out of memory");
	in->l = (struct loaded_image)LOADED_IMAGE;
	int rc = inspect_image(source, keyring, front_progress(front), in, err);
	if (rc == 0) {
		tell(front, in, keyring);
		rc = output_json(front, as_json(in, keyring, err), err);
	}
	image_load_free(&in->l);
	return rc;
}
