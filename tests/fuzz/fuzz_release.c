/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "release/release.h"
#include "tests/fuzz/fuzz.h"

/* The first byte chooses: a manifest, a config, or one with a boot file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct release r;
	struct err err;

	if (len == 0)
		return 0;
	const char *text = (const char *)data + 1;
	if (data[0] == 'm') {
		if (release_parse_manifest(text, len - 1, &r, &err) == 0)
			for (size_t i = 0; i < r.n_images; i++)
				PROMISE(r.images[i].layer.size > 0 && r.images[i].index.size > 0);
		return 0;
	}
	r.n_images = data[0] == '2' ? 2 : 1;
	if (release_parse_config(text, len - 1, &r, &err) == 0) {
		PROMISE(release_word_is_sound(r.version) && release_word_is_sound(r.compatible));
		PROMISE(r.phase <= PHASE_ALL);
		PROMISE(r.n_images == 1 || fatname_check(image_boot_path(&r.images[1]), &err) == 0);
	}
	return 0;
}
