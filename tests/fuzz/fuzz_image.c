/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/image.h"
#include "tests/fuzz/fuzz.h"

/* The first byte chooses: a manifest, or the config of an image of so many layers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct oci_image image;
	struct err err;

	if (len == 0)
		return 0;
	const char *text = (const char *)data + 1;
	memset(&image, 0, sizeof(image));
	image.n_layers = data[0] % (OCI_LAYERS_MAX + 1);
	int rc = data[0] == 'm' ? oci_image_parse_manifest(text, len - 1, &image, &err)
				: oci_image_parse_config(text, len - 1, &image, &err);
	if (rc < 0) {
		PROMISE(err.code == OTA_CORRUPT || err.code == OTA_INCOMPATIBLE);
		return 0;
	}
	PROMISE(image.n_layers <= OCI_LAYERS_MAX);
	for (size_t i = 0; data[0] == 'm' && i < image.n_layers; i++)
		PROMISE(image.layers[i].blob.size > 0 && image.layers[i].blob.size <= INT64_MAX);
	return 0;
}
