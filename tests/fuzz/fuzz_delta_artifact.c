/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "release/delta_artifact.h"
#include "tests/fuzz/fuzz.h"

/* The first byte chooses: a manifest, or the config of one whose base is all zeros. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct delta_artifact a;
	struct err err;

	if (len == 0)
		return 0;
	const char *text = (const char *)data + 1;
	if (data[0] == 'm') {
		if (delta_artifact_parse_manifest(text, len - 1, &a, &err) == 0)
			PROMISE(a.blob.size > 0 && a.blob.size <= INT64_MAX);
		else
			PROMISE(err.code == OTA_CORRUPT || err.code == OTA_INCOMPATIBLE);
		return 0;
	}
	memset(&a, 0, sizeof(a));
	if (delta_artifact_parse_config(text, len - 1, &a, &err) == 0)
		PROMISE(release_word_is_sound(a.base_version) && a.base_bytes > 0);
	else
		PROMISE(err.code == OTA_CORRUPT || err.code == OTA_INCOMPATIBLE);
	return 0;
}
