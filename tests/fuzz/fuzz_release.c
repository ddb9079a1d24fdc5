/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "release/release.h"
#include "tests/fuzz/fuzz.h"

/* The first byte chooses: a manifest or a config. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct release r = {0};
	struct err err;

	if (len == 0)
		return 0;
	const char *text = (const char *)data + 1;
	if (data[0] == 'm') {
		if (release_parse_manifest(text, len - 1, &r, &err) == 0)
			PROMISE(r.image.size > 0 && r.image.size <= INT64_MAX && r.index.size > 0);
	} else if (release_parse_config(text, len - 1, &r, &err) == 0) {
		PROMISE(release_word_is_sound(r.version) && release_word_is_sound(r.compatible));
		PROMISE(r.phase <= PHASE_ALL);
	}
	return 0;
}
