/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/pack.h"

#include <string.h>

#include "base/file.h"
#include "flow/encode.h"
#include "flow/writer.h"
#include "io/json.h"

static int check_words(const struct release *r, struct err *err)
{
	const char *const words[] = {r->version, r->compatible, r->channel[0] ? r->channel : "any"};
	static const char *const names[] = {"--version", "--compatible", "--channel"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!release_word_is_sound(words[i])) {
			err_set(err, OTA_USAGE, "%s: '%s' is no such word", names[i], words[i]);
			return err_hint(err, "1 to 64 of letters, digits and . _ ~ ^ + : -");
		}
	return 0;
}

static int put_config(const char *dir, struct release *r, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);

	strcpy(r->config.media_type, MEDIA_TYPE_CONFIG);
	if (release_write_config(r, &text, err) < 0)
		return -1;
	return layout_blob_put(dir, text.data, text.len, &r->config, err);
}

static int put_manifest(
	const char *dir, const struct release *r, struct descriptor *manifest, struct err *err)
{
	AUTO_BUF text = BUF(JSON_MAX_BYTES);

	strcpy(manifest->media_type, MEDIA_TYPE_MANIFEST);
	if (release_write_manifest(r, &text, err) < 0)
		return -1;
	return layout_blob_put(dir, text.data, text.len, manifest, err);
}

int pack_release(const struct pack_spec *spec, const struct progress *progress, struct release *r,
	struct descriptor *manifest, struct err *err)
{
	AUTO_WRITER writer = WRITER;

	if (check_words(r, err) < 0 || writer_open(&writer, spec->layout, "pack", err) < 0)
		return -1;
	const struct encode_spec encode = {spec->image, writer.dir, spec->level, spec->cell_bytes};
	if (encode_image(&encode, progress, r, err) < 0 || put_config(writer.dir, r, err) < 0 ||
		put_manifest(writer.dir, r, manifest, err) < 0)
		return err_wrap(err, "pack %s", spec->image);
	return layout_tag_set(writer.dir, writer.tag, manifest, err);
}
