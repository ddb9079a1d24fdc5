/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/inspect_image.h"

#include "flow/inspect_blob.h"
#include "flow/layer_stream.h"

int inspect_image(struct source *source, const struct keyring *keyring,
	const struct progress *progress, struct image_inspection *result, struct err *err)
{
	struct loaded_image *l = &result->l;

	if (image_load(source, NULL, l, err) < 0 ||
		signatures_load(source, &l->manifest.digest, &l->signatures, err) < 0)
		return -1;
	if (keyring)
		l->signers = signatures_signers(&l->signatures, &l->manifest.digest, keyring);
	for (size_t i = 0; i < l->image.n_layers; i++)
		if (layer_stream(source, &l->image.layers[i], "inspect", NULL,
			    &result->raw_bytes[i], progress, err) < 0)
			return err_wrap(err, "%s: layer %zu", source_name(source), i + 1);
	if (deltas_list(source, keyring, &l->manifest, NULL, &result->deltas, err) < 0)
		return -1;
	return inspect_deltas(source, &result->deltas, progress, err);
}
